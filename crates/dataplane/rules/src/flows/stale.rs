//! Which tracked connections and session affinities are stale.

use std::collections::BTreeSet;
use std::net::IpAddr;

use kinglet_model::IpFamily;
use kinglet_nft::{CtStatus, Data, Entry, Set};

use super::affinities::Affinity;
use super::destination::{Destination, Destinations};
use crate::backend::{Backend, layer3};
use crate::table::SetKind;

/// Destinations and endpoints that changed: tells which tracked connections and session affinities are stale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stale {
    pub(super) destinations: Destinations,
    /// Addresses of Services, at ports of the node that changed: what goes there does not go to the node's
    /// port, even if the address is the node's.
    pub(super) taken: BTreeSet<Destination>,
    pub(super) affinities: BTreeSet<Affinity>,
    /// Loopback addresses serve ports of the node, too.
    pub(super) localhost: bool,
}

impl Stale {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.destinations.is_empty() && self.affinities.is_empty()
    }

    /// Adds what became stale later.
    pub fn merge(&mut self, later: Self) {
        self.destinations.extend(later.destinations);
        self.taken.extend(later.taken);
        self.affinities.extend(later.affinities);
        self.localhost |= later.localhost;
    }

    /// The sets that may have affinities to endpoints that are gone.
    pub fn affinity_sets(&self) -> Vec<Set> {
        let families: BTreeSet<IpFamily> = self.affinities.iter().map(|affinity| affinity.family).collect();
        families
            .into_iter()
            .map(|family| SetKind::Affinity.of(layer3(family)).set())
            .collect()
    }

    /// Whether an element of such a set is to be deleted.
    pub fn has_affinity(&self, element: &Data) -> bool {
        Affinity::read(element).is_some_and(|affinity| self.affinities.contains(&affinity))
    }

    /// The numbers of the transport protocols whose connections may be stale.
    pub fn protocols(&self) -> Vec<u8> {
        let mut protocols: Vec<u8> = self
            .destinations
            .keys()
            .map(|destination| destination.protocol)
            .collect();
        protocols.sort_unstable();
        protocols.dedup();
        protocols
    }

    /// Whether ports of the node changed: [`contains`](Self::contains) needs its addresses.
    pub fn has_node_ports(&self) -> bool {
        self.destinations
            .keys()
            .any(|destination| destination.address.is_none())
    }

    /// Whether the connection is to be deleted: it goes to an address and port that changed, and was
    /// translated to an endpoint that is gone, or was not translated because there were no endpoints yet.
    /// `own` are the addresses of the node: what goes to a port of another machine, or to an address of a
    /// Service that did not change, is not the Service's whose port of the node changed.
    pub fn contains(&self, entry: &Entry, own: &BTreeSet<IpAddr>) -> bool {
        let Some(port) = entry.original.destination_port() else {
            return false;
        };
        let address = entry.original.destination;
        let to = |address| Destination {
            family: IpFamily::of(entry.original.destination),
            protocol: entry.original.protocol,
            port,
            address,
        };
        // An address of a Service goes before ports of the node, as in the rules.
        let service = to(Some(address));
        if let Some(backends) = self.destinations.get(&service) {
            return leads_elsewhere(entry, backends);
        }
        let is_own = if address.is_loopback() {
            self.localhost && address.is_ipv4()
        } else {
            own.contains(&address)
        };
        let to_node = is_own && !self.taken.contains(&service);
        let backends = self.destinations.get(&to(None)).filter(|_| to_node);
        backends.is_some_and(|backends| leads_elsewhere(entry, backends))
    }
}

/// Whether a connection leads to none of the endpoints, though there are some or though it was translated.
fn leads_elsewhere(entry: &Entry, backends: &BTreeSet<Backend>) -> bool {
    if entry.status.contains(CtStatus::DNAT) {
        !endpoint(entry).is_some_and(|endpoint| backends.contains(&endpoint))
    } else {
        !backends.is_empty()
    }
}

/// The endpoint that a connection was translated to: answers come from there.
fn endpoint(entry: &Entry) -> Option<Backend> {
    Some(Backend {
        address: entry.reply.source,
        port: entry.reply.source_port()?,
    })
}
