//! Connections without an end. UDP has none, and SCTP outlives its endpoint: what the kernel has tracked goes
//! on to the endpoint that was chosen first, or to none, whatever the rules say. Such entries are to be
//! deleted when endpoints go, and when the first ones come. So is the memory of clients that kept an endpoint
//! which is gone: it may come back.

mod keepers;
mod stale;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use kinglet_model::{IpFamily, ObjectName, Protocol};
use kinglet_nft::{Data, Value};

use crate::backend::{Backend, family, protocol_number};
use crate::frame::{SetId, SetKind};
use crate::plan::{Frontend, PortPlan, ServicePlan};
use crate::present::Present;

pub(crate) use keepers::{Keepers, Kept};
pub use stale::Stale;

/// Whom clients mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Meant {
    pub(crate) family: IpFamily,
    pub(crate) protocol: u8,
    /// Nothing for a port of the node.
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: u16,
}

/// Endpoints behind what clients mean.
pub(crate) type Destinations = BTreeMap<Meant, BTreeSet<Backend>>;

/// The destinations of all Services, and what changed.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    services: BTreeMap<Meant, BTreeMap<ObjectName, BTreeSet<Backend>>>,
    of_service: BTreeMap<ObjectName, BTreeSet<Meant>>,
    changed: BTreeSet<Meant>,
    keepers: Keepers,
}

/// The destinations of a Service's ports whose connections have no end.
fn of(plan: &ServicePlan) -> Destinations {
    let endless = |port: &&PortPlan| port.id.protocol != Protocol::Tcp;
    let mut all = Destinations::new();
    for port in plan.ports.iter().filter(endless) {
        for frontend in &port.frontends {
            all.insert(Meant::of(port, *frontend), port.endpoints.serving.clone());
        }
    }
    all
}

/// Whether a change lets connections go to the wrong place: to endpoints that are gone, or past the first
/// ones.
fn leaves_stale(before: Option<BTreeSet<Backend>>, now: Option<BTreeSet<Backend>>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => !before.is_subset(&now) || before.is_empty() && !now.is_empty(),
        (before, now) => before.is_some() != now.is_some(),
    }
}

impl Meant {
    fn of(port: &PortPlan, frontend: Frontend) -> Self {
        let (address, number) = match frontend {
            Frontend::Cluster(address, number)
            | Frontend::External(address, number)
            | Frontend::LoadBalancer(address, number) => (Some(address), number),
            Frontend::NodePort(number) | Frontend::NodeBalancer(number) => (None, number),
        };
        Self {
            family: port.id.family,
            protocol: protocol_number(port.id.protocol),
            address,
            port: number,
        }
    }

    /// Whom an element is for, if it is for a port.
    fn read(set: SetId, key: &Data) -> Option<Self> {
        let (address, protocol, port) = match (set.kind, key.0.as_slice()) {
            (SetKind::Vips, [address, Value::InetProto(protocol), Value::InetService(port)]) => {
                (Some(address.ip()?), *protocol, *port)
            }
            (SetKind::NodePorts, [Value::InetProto(protocol), Value::InetService(port)]) => {
                (None, *protocol, *port)
            }
            _ => return None,
        };
        Some(Self {
            family: family(set.family),
            protocol,
            address,
            port,
        })
    }
}

impl Flows {
    /// Sets a Service, or that there is none.
    pub(crate) fn apply(&mut self, name: &ObjectName, plan: Option<&ServicePlan>) {
        self.set_destinations(name, plan.map(of).unwrap_or_default());
        self.keepers.set(name, plan.map(keepers::of).unwrap_or_default());
    }

    fn set_destinations(&mut self, name: &ObjectName, destinations: Destinations) {
        for meant in self.of_service.remove(name).unwrap_or_default() {
            if !destinations.contains_key(&meant) {
                self.set(name, meant, None);
            }
        }
        if !destinations.is_empty() {
            self.of_service
                .insert(name.clone(), destinations.keys().copied().collect());
        }
        for (meant, backends) in destinations {
            self.set(name, meant, Some(backends));
        }
    }

    fn set(&mut self, name: &ObjectName, meant: Meant, backends: Option<BTreeSet<Backend>>) {
        let services = self.services.entry(meant).or_default();
        let before = match &backends {
            Some(backends) => services.insert(name.clone(), backends.clone()),
            None => services.remove(name),
        };
        if leaves_stale(before, backends) {
            self.changed.insert(meant);
        }
    }

    /// Takes what the kernel has: what is not there any more is gone, as if it had gone just now.
    pub(crate) fn adopt(&mut self, present: &Present) {
        let slots = present.elements.keys();
        let meant = slots.filter_map(|(set, key)| Meant::read(*set, key));
        self.changed
            .extend(meant.filter(|meant| meant.protocol != protocol_number(Protocol::Tcp)));
        self.keepers.adopt(present.clients.iter().filter_map(Kept::read));
    }

    /// Takes what changed since the last call.
    pub(crate) fn take_stale(&mut self) -> Stale {
        let mut destinations = Destinations::new();
        for meant in std::mem::take(&mut self.changed) {
            let services = self.services.get(&meant);
            let backends = services.into_iter().flat_map(BTreeMap::values).flatten();
            destinations.insert(meant, backends.copied().collect());
            if services.is_some_and(BTreeMap::is_empty) {
                self.services.remove(&meant);
            }
        }
        Stale {
            destinations,
            kept: self.keepers.take_gone(),
        }
    }

    /// Takes back what changed.
    pub(crate) fn keep_stale(&mut self, stale: Stale) {
        self.changed.extend(stale.destinations.into_keys());
        self.keepers.keep_gone(stale.kept);
    }
}
