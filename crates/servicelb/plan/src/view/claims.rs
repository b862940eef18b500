//! Which Services claim a port of nodes.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use kinglet_model::{Object as _, ObjectName, Service, ServiceType};

use crate::port::Port;

/// The place of a Service among those that claim the same ports: the oldest first, since a new Service must
/// not take ports from one that is served. Timestamps have whole seconds, so that the uid decides between
/// Services of one manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    created: Option<Timestamp>,
    uid: std::sync::Arc<str>,
    pub(crate) name: ObjectName,
}

impl Rank {
    pub(crate) fn of(service: &Service) -> Self {
        Self {
            created: service.metadata.creation_timestamp,
            uid: service.metadata.uid.clone(),
            name: service.object_name(),
        }
    }

    /// Whether a claim of this Service comes before one of another kind: of load balancer port, node port and
    /// external address. The data plane decides these, by age and name.
    pub(crate) fn precedes(&self, other: &Self) -> bool {
        (self.created, &self.name) < (other.created, &other.name)
    }
}

/// Ports of nodes that Services claim in any way, with their claimants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    claimants: HashMap<Port, BTreeSet<Rank>>,
}

impl Claims {
    pub(crate) fn add(&mut self, service: &Service) {
        for port in claimed(service) {
            let ranks = self.claimants.entry(port).or_default();
            ranks.insert(Rank::of(service));
        }
    }

    pub(crate) fn remove(&mut self, service: &Service) {
        let rank = Rank::of(service);
        for port in claimed(service) {
            if let Some(ranks) = self.claimants.get_mut(&port) {
                ranks.remove(&rank);
                if ranks.is_empty() {
                    self.claimants.remove(&port);
                }
            }
        }
    }

    /// The Services that claim a port, in order.
    pub(crate) fn of(&self, port: Port) -> impl Iterator<Item = &Rank> {
        self.claimants.get(&port).into_iter().flatten()
    }
}

/// The ports that a Service claims: its own ones, where it may have them on addresses of nodes, and its node
/// ports.
pub(crate) fn claimed(service: &Service) -> impl Iterator<Item = Port> {
    let balanced = service.service_type == ServiceType::LoadBalancer;
    let own = balanced || !service.external_ips.is_empty();
    Port::of(service)
        .filter(move |_| own)
        .chain(Port::of_nodes(service))
}
