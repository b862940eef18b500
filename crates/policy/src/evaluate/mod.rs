//! The plain reading of policies: what becomes of a packet, and which rules decide.

mod matching;

use std::sync::Arc;

use kinglet_model::{Object, ObjectName, Pod};

use crate::checked::Direction;
use crate::cluster::Cluster;
use crate::packet::{Packet, Path, State};
use crate::settings::Settings;

pub(crate) use matching::{Ends, peers, ports};

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// Policies do not matter.
    Exempt(Exemption),
    /// It passes if both sides let it pass.
    Policed {
        /// The source's side.
        egress: Side,
        /// The destination's side.
        ingress: Side,
    },
}

/// Why policies do not matter to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exemption {
    /// It belongs to a connection that was allowed.
    Established,
    /// It belongs to a connection that has been revoked: it is denied.
    Revoked,
    /// It comes from the node that runs the destination.
    FromNode,
    /// Egress to the own node is not policed ([`Settings::egress_to_node`]).
    ToNode,
    /// It goes from a pod to itself.
    Hairpin,
    /// Neighbour discovery, or an echo request ([`Settings::icmp_echo`]).
    Icmp,
}

/// How one side sees a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// There is no pod on this side, or not one with an address of its own.
    NoPod,
    /// No policy isolates the pod in this direction.
    NotIsolated(ObjectName),
    /// Policies isolate the pod.
    Isolated {
        /// The pod.
        pod: ObjectName,
        /// The policies that isolate it.
        policies: Vec<ObjectName>,
        /// The rules that let the packet pass; if there are none, it is denied.
        rules: Vec<RuleName>,
    },
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName {
    /// The policy.
    pub policy: ObjectName,
    /// In which list.
    pub direction: Direction,
    /// Its place in the list, from 0.
    pub number: usize,
}

impl Evaluation {
    /// Whether the packet passes.
    pub fn allowed(&self) -> bool {
        match self {
            Self::Exempt(exemption) => *exemption != Exemption::Revoked,
            Self::Policed { egress, ingress } => egress.allowed() && ingress.allowed(),
        }
    }
}

impl Side {
    /// Whether this side lets the packet pass.
    pub fn allowed(&self) -> bool {
        match self {
            Self::NoPod | Self::NotIsolated(_) => true,
            Self::Isolated { rules, .. } => !rules.is_empty(),
        }
    }
}

impl Cluster {
    /// What becomes of a packet; of [`Settings::node`] and the like nothing matters.
    pub fn evaluate(&self, packet: &Packet, settings: &Settings) -> Evaluation {
        self.evaluate_for(packet, settings, |_| true)
    }

    /// The same, with only those pods policed that the node runs.
    pub fn evaluate_on_node(&self, packet: &Packet, settings: &Settings) -> Evaluation {
        self.evaluate_for(packet, settings, |pod| pod.node_name == settings.node)
    }

    fn evaluate_for(
        &self,
        packet: &Packet,
        settings: &Settings,
        policed: impl Fn(&Pod) -> bool,
    ) -> Evaluation {
        if let Some(exemption) = exemption(packet, settings) {
            return Evaluation::Exempt(exemption);
        }
        let ends = Ends::of(self, packet);
        let side = |pod: Option<&Arc<Pod>>, direction| match pod.filter(|pod| policed(pod)) {
            Some(pod) => self.side(pod, &ends, direction),
            None => Side::NoPod,
        };
        let ingress = match packet.path {
            Path::ToNode => Side::NoPod,
            _ => side(ends.destination, Direction::Ingress),
        };
        Evaluation::Policed {
            egress: side(ends.source, Direction::Egress),
            ingress,
        }
    }

    fn side(&self, pod: &Pod, ends: &Ends<'_>, direction: Direction) -> Side {
        let (mut policies, mut rules) = (Vec::new(), Vec::new());
        for policy in self.isolating(pod, direction) {
            policies.push(policy.name.clone());
            let listed = policy.rules(direction).unwrap_or_default();
            let matching = listed
                .iter()
                .filter(|rule| peers(&rule.peers, self, ends, direction) && ports(&rule.ports, ends));
            rules.extend(matching.map(|rule| RuleName {
                policy: policy.name.clone(),
                direction,
                number: rule.number,
            }));
        }
        let pod = pod.object_name();
        if policies.is_empty() {
            return Side::NotIsolated(pod);
        }
        Side::Isolated { pod, policies, rules }
    }
}

fn exemption(packet: &Packet, settings: &Settings) -> Option<Exemption> {
    let compatible = settings.icmp_echo && packet.is_echo_request();
    match (packet.path, packet.state) {
        (Path::FromNode, _) => Some(Exemption::FromNode),
        (Path::ToNode, _) if !settings.egress_to_node => Some(Exemption::ToNode),
        (_, State::Revoked) => Some(Exemption::Revoked),
        (_, State::Established) => Some(Exemption::Established),
        _ if packet.source == packet.destination => Some(Exemption::Hairpin),
        _ if compatible || packet.is_neighbour_discovery() => Some(Exemption::Icmp),
        _ => None,
    }
}
