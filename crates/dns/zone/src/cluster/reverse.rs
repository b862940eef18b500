//! Which names an address has.

use std::net::IpAddr;
use std::sync::Arc;

use super::key::ServiceKey;
use super::slice::Endpoint;
use crate::table::{Keyed, Table};

/// Names by address.
pub(crate) type ReverseTable = Table<Reverse>;

/// The names of one address.
#[derive(Clone)]
pub(crate) struct Reverse {
    address: IpAddr,
    /// Sorted; an endpoint that is in two slices is here twice.
    pub(crate) owners: Arc<[AddressOwner]>,
}

impl Keyed for Reverse {
    type Key = IpAddr;

    fn key(&self) -> &IpAddr {
        &self.address
    }
}

/// Whose address it is. Services come before endpoints.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AddressOwner {
    /// It is a cluster address of a Service.
    Service(ServiceKey),
    /// It is a ready endpoint of a Service, with this `hostname`.
    Endpoint(ServiceKey, Option<Arc<[u8]>>),
}

impl AddressOwner {
    /// The owner of an endpoint's address.
    pub(crate) fn endpoint(service: &ServiceKey, endpoint: &Endpoint) -> Self {
        Self::Endpoint(service.clone(), endpoint.hostname.clone())
    }
}

impl ReverseTable {
    /// Adds a name to an address.
    pub(crate) fn add(&mut self, address: IpAddr, owner: AddressOwner) {
        let mut owners = self.owners(address);
        // Repetitions stay: the same endpoint may be in two slices, and leaving one must not remove its name.
        // Sorted, whatever the order of arrival, with Services first.
        let at = owners.partition_point(|other| *other < owner);
        owners.insert(at, owner);
        self.set(address, owners);
    }

    /// Takes a name from an address.
    pub(crate) fn subtract(&mut self, address: IpAddr, owner: &AddressOwner) {
        let mut owners = self.owners(address);
        if let Ok(at) = owners.binary_search(owner) {
            owners.remove(at);
            self.set(address, owners);
        }
    }

    fn owners(&self, address: IpAddr) -> Vec<AddressOwner> {
        self.get(&address)
            .map_or_else(Vec::new, |reverse| reverse.owners.to_vec())
    }

    fn set(&mut self, address: IpAddr, owners: Vec<AddressOwner>) {
        if owners.is_empty() {
            self.remove(&address);
        } else {
            self.insert(Reverse {
                address,
                owners: owners.into(),
            });
        }
    }
}
