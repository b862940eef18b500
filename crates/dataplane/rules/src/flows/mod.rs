//! Tracked connections that a change makes stale.
//!
//! The kernel translates by rule only the first packet of a connection; all others follow its conntrack
//! entry. TCP connections end with their endpoint. UDP has no end, and an SCTP association outlives its
//! endpoint: as long as the client goes on sending, the entry leads to the endpoint that was chosen first,
//! or, if there was none, past the Service. Such entries are deleted when endpoints go, and when the first
//! ones come. So are session affinities to endpoints that are gone: an endpoint of the same address may come
//! back.

mod affinities;
mod destination;
mod stale;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use kinglet_model::{ObjectName, Protocol};

use crate::backend::{Backend, protocol_number};
use crate::existing::ExistingTable;
use crate::plan::{PortPlan, ServicePlan};
use crate::settings::DataplaneSettings;

use affinities::{Affinities, Affinity};
use destination::{Destination, Destinations};
pub use stale::Stale;

/// The destinations of all Services, and what changed.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    services: BTreeMap<Destination, BTreeMap<ObjectName, BTreeSet<Backend>>>,
    of_service: BTreeMap<ObjectName, BTreeSet<Destination>>,
    changed: BTreeSet<Destination>,
    affinities: Affinities,
    /// Loopback addresses serve ports of the node, too.
    localhost: bool,
}

/// The destinations of a Service's ports whose connections outlive their endpoints.
fn of(plan: &ServicePlan) -> Destinations {
    let endless = |port: &&PortPlan| port.id.protocol != Protocol::Tcp;
    let mut all = Destinations::new();
    for port in plan.ports.iter().filter(endless) {
        for frontend in &port.frontends {
            all.insert(Destination::of(port, *frontend), port.endpoints.serving.clone());
        }
    }
    all
}

/// Whether a change makes connections stale: they lead to endpoints that are gone, or past the first ones.
fn leaves_stale(before: Option<BTreeSet<Backend>>, now: Option<BTreeSet<Backend>>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => !before.is_subset(&now) || before.is_empty() && !now.is_empty(),
        // A destination that comes or goes: datagrams passed it untranslated before, or should now.
        (before, now) => before.is_some() != now.is_some(),
    }
}

impl Flows {
    /// No Services yet.
    pub(crate) fn new(settings: &DataplaneSettings) -> Self {
        Self {
            localhost: settings.localhost_node_ports,
            ..Self::default()
        }
    }

    /// Sets a Service, or that there is none.
    pub(crate) fn apply(&mut self, name: &ObjectName, plan: Option<&ServicePlan>) {
        self.set_destinations(name, plan.map(of).unwrap_or_default());
        self.affinities
            .set(name, plan.map(affinities::of).unwrap_or_default());
    }

    fn set_destinations(&mut self, name: &ObjectName, destinations: Destinations) {
        for destination in self.of_service.remove(name).unwrap_or_default() {
            // What stays is compared below.
            if !destinations.contains_key(&destination) {
                self.set(name, destination, None);
            }
        }
        if !destinations.is_empty() {
            self.of_service
                .insert(name.clone(), destinations.keys().copied().collect());
        }
        for (destination, backends) in destinations {
            self.set(name, destination, Some(backends));
        }
    }

    fn set(&mut self, name: &ObjectName, destination: Destination, backends: Option<BTreeSet<Backend>>) {
        let services = self.services.entry(destination).or_default();
        let before = match &backends {
            Some(backends) => services.insert(name.clone(), backends.clone()),
            None => services.remove(name),
        };
        if leaves_stale(before, backends) {
            self.changed.insert(destination);
        }
    }

    /// Takes what the kernel has: endpoints that went while no agent ran count as gone just now.
    pub(crate) fn adopt(&mut self, existing: &ExistingTable) {
        let slots = existing.elements.keys();
        let destination = slots.filter_map(|(set, key)| Destination::read(*set, key));
        self.changed
            .extend(destination.filter(|destination| destination.protocol != protocol_number(Protocol::Tcp)));
        self.affinities
            .adopt(existing.clients.iter().filter_map(Affinity::read));
    }

    /// Takes what changed since the last call.
    pub(crate) fn take_stale(&mut self) -> Stale {
        let mut destinations = Destinations::new();
        let mut taken = BTreeSet::new();
        for destination in std::mem::take(&mut self.changed) {
            if destination.address.is_none() {
                taken.extend(self.addresses_at(destination));
            }
            let services = self.services.get(&destination);
            // Several Services may claim a destination; an endpoint of any of them may be right.
            let backends = services.into_iter().flat_map(BTreeMap::values).flatten();
            destinations.insert(destination, backends.copied().collect());
            if services.is_some_and(BTreeMap::is_empty) {
                self.services.remove(&destination);
            }
        }
        Stale {
            destinations,
            taken,
            affinities: self.affinities.take_gone(),
            localhost: self.localhost,
        }
    }

    /// The addresses of Services with the number of a port of the node.
    fn addresses_at(&self, node_port: Destination) -> impl Iterator<Item = Destination> {
        let behind = (Bound::Excluded(node_port), Bound::Unbounded);
        let at_port = move |destination: &Destination| {
            Destination {
                address: None,
                ..*destination
            } == node_port
        };
        let behind = self.services.range(behind);
        let same_port = behind.take_while(move |(destination, _)| at_port(destination));
        let claimed = same_port.filter(|(_, services)| !services.is_empty());
        claimed.map(|(destination, _)| *destination)
    }

    /// Takes back what changed, because it could not be committed.
    pub(crate) fn keep_stale(&mut self, stale: Stale) {
        self.changed.extend(stale.destinations.into_keys());
        self.affinities.keep_gone(stale.affinities);
    }
}
