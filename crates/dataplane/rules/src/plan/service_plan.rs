//! The plan of a Service, in words of Services, not of rules.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use kinglet_model::{IpFamily, Service};

use crate::endpoints::Selected;
use crate::identity::PortId;
use crate::settings::{AddressKinds, Share};

/// The plan of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServicePlan {
    pub(crate) cluster_ips: BTreeSet<IpAddr>,
    pub(crate) ports: Vec<PortPlan>,
}

impl ServicePlan {
    /// Whether a port of it is served on the node's own addresses.
    pub(crate) fn serves_node(&self) -> bool {
        let mut frontends = self.ports.iter().flat_map(|port| &port.frontends);
        frontends.any(|frontend| matches!(frontend, Frontend::NodeBalancer(_)))
    }
}

/// The plan of a port of a Service in one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortPlan {
    pub(crate) id: PortId,
    pub(crate) endpoints: Selected,
    /// How long a client keeps its endpoint.
    pub(crate) affinity: Option<Duration>,
    /// What becomes of connections to cluster addresses.
    pub(crate) internal: Action,
    /// What becomes of connections to all other addresses and ports.
    pub(crate) external: Action,
    /// Networks that may use the load balancer's addresses; all if nothing.
    pub(crate) sources: Option<Vec<IpNet>>,
    pub(crate) frontends: BTreeSet<Frontend>,
}

/// Where clients connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Frontend {
    /// A cluster address and port.
    Cluster(IpAddr, u16),
    /// An address from outside the cluster, and a port.
    External(IpAddr, u16),
    /// A load balancer's address and port.
    LoadBalancer(IpAddr, u16),
    /// A port of the node.
    NodePort(u16),
    /// A load balancer's port on the node's own addresses.
    NodeBalancer(u16),
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// It is refused: there is nobody.
    Reject,
    /// It is ignored, so that clients try another node.
    Drop,
    /// It goes to an endpoint of the cluster.
    Cluster,
    /// It goes to an endpoint of this node.
    Local,
    /// From outside as [`Local`](Self::Local), or [`Drop`](Self::Drop) if the node has no endpoint; from
    /// inside as [`Cluster`](Self::Cluster).
    LocalFromOutside,
}

/// What of a Service the node serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) kinds: AddressKinds,
    /// The ports that it serves on its own addresses, as its part of the load balancer.
    pub(crate) share: &'a Share,
}

/// The families that a Service has addresses in, or asks for.
pub(super) fn families(service: &Service) -> BTreeSet<IpFamily> {
    let of_addresses = service.cluster_ips.iter().map(|address| IpFamily::of(*address));
    of_addresses.chain(service.ip_families.iter().copied()).collect()
}
