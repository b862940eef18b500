//! What becomes of a packet, and what decides.

use kinglet_model::ObjectName;

use crate::checked::{Action, Direction, Tier};

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// Policies do not matter.
    Exempt(Exemption),
    /// It passes if both sides let it pass.
    Policed {
        /// The source's side.
        egress: Box<Side>,
        /// The destination's side.
        ingress: Box<Side>,
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
    /// It goes from a pod to itself, which NetworkPolicies never forbid.
    Hairpin,
    /// Neighbour discovery, or an echo request ([`Settings::icmp_echo`]).
    Icmp,
}

/// How one side sees a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// There is no pod on this side, or not one with an address of its own.
    NoPod,
    /// There is one.
    Pod {
        /// The pod.
        pod: ObjectName,
        /// The rule of the Admin tier that passes the packet on, if one does.
        passed: Option<RuleName>,
        /// What decides.
        decision: Decision,
    },
}

/// What decides on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The first rule of a tier that matches. One of the Baseline tier that passes lets the packet pass.
    Tier {
        /// The tier.
        tier: Tier,
        /// The rule.
        rule: RuleName,
        /// What it does.
        action: Action,
    },
    /// NetworkPolicies isolate the pod.
    Isolated {
        /// The policies that isolate it.
        policies: Vec<ObjectName>,
        /// The rules that let the packet pass; if there are none, it is denied.
        rules: Vec<RuleName>,
    },
    /// NetworkPolicies isolate the pod, but it sends to itself.
    Itself,
    /// No policy is about it.
    Open,
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName {
    /// The policy; without a namespace it is a ClusterNetworkPolicy.
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
            Self::NoPod => true,
            Self::Pod { decision, .. } => decision.allows(),
        }
    }
}

impl Decision {
    /// Whether the packet passes on this side.
    pub fn allows(&self) -> bool {
        match self {
            Self::Tier { action, .. } => *action != Action::Deny,
            Self::Isolated { rules, .. } => !rules.is_empty(),
            Self::Itself | Self::Open => true,
        }
    }
}
