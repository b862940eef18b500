//! Which pod owns an address.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use jiff::Timestamp;
use kinglet_model::{Object, ObjectName, Pod};

/// The pods that claim addresses. A CNI plugin may give the address of a pod that ends to a new pod before
/// the API has the old pod as finished, so that both claim it for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(HashMap<IpAddr, BTreeSet<Rank>>);

/// The greatest rank owns the address: the newest pod, and of equally old ones the last by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    created: Option<Timestamp>,
    name: ObjectName,
}

impl Rank {
    fn of(pod: &Pod) -> Self {
        Self {
            created: pod.metadata.creation_timestamp,
            name: pod.object_name(),
        }
    }
}

impl Addresses {
    pub(super) fn claim(&mut self, pod: &Pod) {
        for address in &pod.ips {
            self.0.entry(*address).or_default().insert(Rank::of(pod));
        }
    }

    pub(super) fn release(&mut self, pod: &Pod) {
        for address in &pod.ips {
            if let Some(claims) = self.0.get_mut(address) {
                claims.remove(&Rank::of(pod));
                if claims.is_empty() {
                    self.0.remove(address);
                }
            }
        }
    }

    pub(super) fn owner(&self, address: IpAddr) -> Option<&ObjectName> {
        let claims = self.0.get(&address)?;
        claims.last().map(|rank| &rank.name)
    }

    pub(super) fn claimants(&self, address: IpAddr) -> impl Iterator<Item = &ObjectName> {
        let claims = self.0.get(&address).into_iter().flatten();
        claims.map(|rank| &rank.name)
    }
}
