//! Rules of both kinds of policies.

use std::fmt;
use std::sync::Arc;

use kinglet_model::{Protocol, Selector};

use crate::pod_peer::PodPeer;
use crate::ranges::Ranges;

/// The direction of a rule, seen from the pod that a policy selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Connections to a pod; its peer is the source.
    Ingress,
    /// Connections from a pod; its peer is the destination.
    Egress,
}

/// A rule that can match. Its number is the index in the list as written, which reports name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) number: usize,
    pub(crate) peers: Peers,
    pub(crate) ports: Ports,
}

/// The peers of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peers {
    Any,
    Of(PeerList),
}

/// The union of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerList {
    pub(crate) pods: Vec<PodPeer>,
    /// Addresses of all blocks.
    pub(crate) blocks: Arc<Ranges>,
    /// Addresses of nodes, selected by label.
    pub(crate) nodes: Vec<Selector>,
}

/// The protocols and ports of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    Any,
    Of(Vec<Port>),
}

/// Ports of one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    /// Its index in the list as written.
    pub(crate) index: usize,
    pub(crate) protocol: Protocol,
    pub(crate) ports: PortMatch,
}

/// Ports of a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortMatch {
    Any,
    /// Both ends included.
    Range(u16, u16),
    /// The ports to which the destination pod gives this name.
    Named(Arc<str>),
}

impl Direction {
    /// In the order in which a packet meets them.
    pub(crate) const BOTH: [Self; 2] = [Self::Egress, Self::Ingress];
}

/// The name of the field in a policy.
impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}
