//! Sets of peers that profiles share.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{Pod, Protocol, Selector};

use super::Id;
use crate::cluster::Cluster;
use crate::labels::Labels;
use crate::pod_peer::{PodPeer, Scope, ordered};
use crate::ranges::Ranges;

/// A peer of a rule: which addresses of the other side it matches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RulePeer {
    Any,
    Pods(PodPeer),
    /// Addresses of nodes with these labels.
    Nodes(Selector),
    /// Addresses of blocks.
    Ranges(Arc<Ranges>),
}

/// Ports of single pods, looked up as address, protocol and port together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tuples(pub(crate) BTreeSet<(RulePeer, Protocol, PodPort)>);

/// A port of a pod, by name or by number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PodPort {
    Name(Arc<str>),
    Number(u16),
}

/// What the members of a set are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SetKind {
    /// Addresses of pods.
    Pods(PodPeer),
    /// Addresses, protocols and ports of pods.
    Tuples(Tuples),
    /// Addresses of nodes.
    Nodes(Selector),
    /// Addresses of blocks, which never change.
    Ranges(Arc<Ranges>),
}

/// A set with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) kind: SetKind,
    pub(crate) members: BTreeSet<Member>,
}

/// An address of a pod, and a port if the set has ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Member {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<(Protocol, u16)>,
}

/// What decides whether a pod is in a set.
pub(crate) struct PodFacts<'a> {
    pub(crate) pod: &'a Pod,
    /// Labels of its namespace.
    pub(crate) labels: Option<&'a Labels>,
    /// The addresses that it owns.
    pub(crate) owned: BTreeSet<IpAddr>,
}

impl<'a> PodFacts<'a> {
    pub(crate) fn of(cluster: &'a Cluster, pod: &'a Pod) -> Self {
        Self {
            pod,
            labels: cluster.labels(&pod.metadata.namespace),
            owned: cluster.owned(pod),
        }
    }
}

impl SetKind {
    pub(crate) fn id(&self) -> Id {
        Id::of(&match self {
            Self::Pods(peer) => format!("peer {peer}"),
            Self::Tuples(tuples) => format!("tuples {tuples}"),
            Self::Nodes(selector) => format!("nodes {}", ordered(selector)),
            Self::Ranges(ranges) => format!("ranges {ranges}"),
        })
    }

    /// The members that a pod gives the set.
    pub(crate) fn members(&self, pod: &PodFacts<'_>) -> Vec<Member> {
        let addresses = pod.owned.iter();
        match self {
            Self::Pods(peer) if peer.matches(pod.pod, pod.labels) => {
                addresses.copied().map(Member::of).collect()
            }
            Self::Tuples(tuples) => addresses
                .flat_map(|address| tuples.members(*address, pod))
                .collect(),
            Self::Pods(_) | Self::Nodes(_) | Self::Ranges(_) => Vec::new(),
        }
    }

    /// The only namespace whose pods can be members, if there is one.
    pub(crate) fn namespace(&self) -> Option<&Arc<str>> {
        match self {
            Self::Pods(peer) => peer.namespace(),
            Self::Tuples(Tuples(entries)) => {
                let mut namespaces = entries.iter().map(|(peer, ..)| match peer {
                    RulePeer::Pods(peer) => peer.namespace(),
                    RulePeer::Any | RulePeer::Nodes(_) | RulePeer::Ranges(_) => None,
                });
                let first = namespaces.next()??;
                // One entry of another namespace, or of any, is enough to need all pods.
                namespaces.all(|other| other == Some(first)).then_some(first)
            }
            Self::Nodes(_) | Self::Ranges(_) => None,
        }
    }

    /// Whether its members are pods.
    pub(crate) fn has_pods(&self) -> bool {
        matches!(self, Self::Pods(_) | Self::Tuples(_))
    }
}

impl Member {
    /// An address without a port.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self { address, port: None }
    }
}

impl PodPeer {
    fn namespace(&self) -> Option<&Arc<str>> {
        match &self.scope {
            Scope::Namespace(name) => Some(name),
            Scope::Matching(_) => None,
        }
    }
}

impl Tuples {
    fn members(&self, address: IpAddr, pod: &PodFacts<'_>) -> Vec<Member> {
        let mut members = Vec::new();
        // Entries are ordered by peer: each is asked once, however many ports it may use.
        let entries: Vec<_> = self.0.iter().collect();
        for of_peer in entries.chunk_by(|(one, ..), (other, ..)| one == other) {
            let Some((peer, ..)) = of_peer.first() else {
                continue;
            };
            if !peer.means(address, pod) {
                continue;
            }
            for (_, protocol, port) in of_peer {
                members.extend(port.numbers(*protocol, pod.pod).map(|number| Member {
                    address,
                    port: Some((*protocol, number)),
                }));
            }
        }
        members
    }
}

impl RulePeer {
    /// The set in which it is looked up.
    pub(crate) fn set(&self) -> Option<SetKind> {
        match self {
            Self::Any => None,
            Self::Pods(peer) => Some(SetKind::Pods(peer.clone())),
            Self::Nodes(selector) => Some(SetKind::Nodes(selector.clone())),
            // A rule compares a single range itself: the kernel finds sets by going through all of a table,
            // and many policies have an address each.
            Self::Ranges(ranges) if ranges.is_single() => None,
            Self::Ranges(ranges) => Some(SetKind::Ranges(ranges.clone())),
        }
    }

    /// Whether it means a pod with this address.
    fn means(&self, address: IpAddr, pod: &PodFacts<'_>) -> bool {
        match self {
            Self::Any => true,
            // Nodes do not name ports; rules with both were refused.
            Self::Nodes(_) => false,
            Self::Pods(peer) => peer.matches(pod.pod, pod.labels),
            Self::Ranges(ranges) => ranges.contains(address),
        }
    }
}

impl PodPort {
    /// The numbers of the port in a pod: several containers may use one name.
    pub(crate) fn numbers<'a>(&'a self, protocol: Protocol, pod: &'a Pod) -> impl Iterator<Item = u16> + 'a {
        let number = match self {
            Self::Name(_) => None,
            Self::Number(number) => Some(*number),
        };
        let named = pod.named_ports.iter().filter(move |port| {
            port.protocol == protocol && matches!(self, Self::Name(name) if *name == port.name)
        });
        number.into_iter().chain(named.map(|port| port.number))
    }
}

impl fmt::Display for RulePeer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("any"),
            Self::Pods(peer) => write!(formatter, "{peer}"),
            Self::Nodes(selector) => write!(formatter, "nodes {}", ordered(selector)),
            Self::Ranges(ranges) => write!(formatter, "{ranges}"),
        }
    }
}

impl fmt::Display for Tuples {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (peer, protocol, named) in &self.0 {
            let protocol = protocol.as_lower();
            match named {
                PodPort::Name(name) => write!(formatter, "{peer} {protocol} name {name}")?,
                PodPort::Number(number) => write!(formatter, "{peer} {protocol} {number}")?,
            }
            formatter.write_char('\n')?;
        }
        Ok(())
    }
}
