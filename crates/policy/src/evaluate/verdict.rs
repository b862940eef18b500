//! Results of an evaluation.

use kinglet_model::ObjectName;

use crate::checked::{Action, Direction, Tier};

/// Whether a packet passes, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// Policies do not apply.
    Exempt(Exemption),
    /// It passes if both sides allow it.
    Policed {
        /// The source's side.
        egress: Box<Side>,
        /// The destination's side.
        ingress: Box<Side>,
    },
}

/// Why policies do not apply to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exemption {
    /// It belongs to a connection that was allowed.
    Established,
    /// It belongs to a connection that has been revoked: it is denied.
    Revoked,
    /// It comes from the node that runs the destination.
    FromNode,
    /// Egress policies are not enforced for the own node ([`crate::PolicySettings::egress_to_node`]).
    ToNode,
    /// It goes from a pod to itself, which NetworkPolicies never forbid.
    Hairpin,
    /// Neighbour discovery, or an echo request ([`crate::PolicySettings::icmp_echo`]).
    Icmp,
}

/// The result on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// No pod owns the address on this side.
    NoPod,
    /// A pod owns the address.
    Pod {
        /// The pod.
        pod: ObjectName,
        /// The rule of the Admin tier that passes the packet to NetworkPolicies, if one does.
        passed: Option<RuleName>,
        /// What decides.
        decision: Decision,
    },
}

/// What decides on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The first rule of a tier that matches. Passing in the Baseline tier means that the packet is allowed.
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
        /// The rules that allow the packet; if there are none, it is denied.
        rules: Vec<RuleName>,
    },
    /// NetworkPolicies isolate the pod, but it sends to itself, which they never forbid.
    Itself,
    /// No policy selects the pod.
    Open,
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName {
    /// The policy; without a namespace it is a ClusterNetworkPolicy.
    pub policy: ObjectName,
    /// The list that it is in.
    pub direction: Direction,
    /// Its index in the list.
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
    /// Whether this side allows the packet.
    pub fn allowed(&self) -> bool {
        match self {
            Self::NoPod => true,
            Self::Pod { decision, .. } => decision.allows(),
        }
    }
}

impl Decision {
    /// Whether the packet passes on this side.
    pub(crate) fn allows(&self) -> bool {
        match self {
            Self::Tier { action, .. } => *action != Action::Deny,
            Self::Isolated { rules, .. } => !rules.is_empty(),
            Self::Itself | Self::Open => true,
        }
    }
}
