//! ClusterNetworkPolicies. A rule with a field that is not known fails closed: if it accepts it matches
//! nothing, otherwise it denies everything.

use std::fmt;

use kinglet_model::{ClusterNetworkPolicy, ClusterRule, Object, ObjectName};

use super::cluster_peers::{all_known, peers, subject};
use super::protocols;
use super::rule::{Direction, Peers, PortMatch, Ports, Rule};
use crate::pod_peer::PodPeer;
use crate::problem::{Problem, Problems};

/// Priorities that are accepted.
const PRIORITIES: std::ops::RangeInclusive<i64> = 0..=1000;

/// The tier of a ClusterNetworkPolicy: when its rules are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Before NetworkPolicies.
    Admin,
    /// After NetworkPolicies, for pods that none of them isolates.
    Baseline,
}

/// What a rule of a tier does with a connection that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Accepts it; no later rule of this side is evaluated.
    Accept,
    /// Denies it; no later rule is evaluated.
    Deny,
    /// Passes it to NetworkPolicies and the Baseline tier; no later rule of this tier is evaluated.
    Pass,
}

/// A ClusterNetworkPolicy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClusterPolicy {
    pub(crate) name: ObjectName,
    pub(crate) tier: Tier,
    /// Lower ones come first.
    pub(crate) priority: i64,
    /// The pods that it selects.
    pub(crate) subject: PodPeer,
    ingress: Vec<TierRule>,
    egress: Vec<TierRule>,
}

/// A rule that can match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TierRule {
    pub(crate) action: Action,
    pub(crate) rule: Rule,
}

impl ClusterPolicy {
    /// Checks a policy. Nothing if its tier or its subject is not valid.
    pub(crate) fn check(policy: &ClusterNetworkPolicy, found: &mut Vec<Problem>) -> Option<Self> {
        let name = policy.object_name();
        let mut problems = Problems::of(&name, found).meaning("the policy has no effect");
        let tier = tier(&policy.tier, &mut problems.below("tier"));
        let subject = subject(&policy.subject, &mut problems.below("subject"));
        let priority = priority(policy.priority, problems.below("priority"));
        let mut rules = |of: &[ClusterRule], direction| -> Vec<TierRule> {
            let numbered = of.iter().enumerate();
            numbered
                .filter_map(|(number, rule)| {
                    let problems = problems.below(format_args!("{direction}[{number}]"));
                    self::rule(number, rule, direction, problems)
                })
                .collect()
        };
        let ingress = rules(&policy.ingress, Direction::Ingress);
        let egress = rules(&policy.egress, Direction::Egress);
        Some(Self {
            tier: tier?,
            priority,
            subject: subject?,
            ingress,
            egress,
            name,
        })
    }

    pub(crate) fn rules(&self, direction: Direction) -> &[TierRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

fn tier(text: &str, problems: &mut Problems<'_>) -> Option<Tier> {
    match text {
        "Admin" => Some(Tier::Admin),
        "Baseline" => Some(Tier::Baseline),
        other => {
            problems.add(other, "Admin or Baseline");
            None
        }
    }
}

fn priority(written: Option<i64>, problems: Problems<'_>) -> i64 {
    let (first, last) = PRIORITIES.into_inner();
    if let Some(priority) = written.filter(|priority| PRIORITIES.contains(priority)) {
        return priority;
    }
    let text = written.map(|number| number.to_string()).unwrap_or_default();
    let mut problems = problems.meaning("the nearest one counts, and the last if there is none");
    problems.add(text, "a number from 0 to 1000");
    // The policy stays in force: left out, what it denies would pass.
    written.unwrap_or(last).clamp(first, last)
}

fn rule(number: usize, rule: &ClusterRule, direction: Direction, problems: Problems<'_>) -> Option<TierRule> {
    let action = match &*rule.action {
        "Accept" => Some(Action::Accept),
        "Deny" => Some(Action::Deny),
        "Pass" => Some(Action::Pass),
        _ => None,
    };
    let mut problems = problems.meaning(match action {
        Some(Action::Accept) => "the rule accepts nothing",
        _ => "the rule denies everything",
    });
    if action.is_none() {
        problems.below("action").add(&rule.action, "Accept, Deny or Pass");
    }
    let known = all_known(&rule.unknown, &mut problems);
    let peers = peers(&rule.peers, direction, &mut problems);
    let ports = match &rule.protocols {
        None => Some(Ports::Any),
        Some(listed) => protocols::check(listed, &mut problems),
    };
    let fits = fit(peers.as_ref(), ports.as_ref(), &mut problems);
    match (action, peers, ports) {
        (Some(action), Some(peers), Some(ports)) if known && fits => {
            let rule = Rule { number, peers, ports };
            Some(TierRule { action, rule })
        }
        // Fails closed: it accepts nothing.
        (Some(Action::Accept), ..) => None,
        // Fails closed: an unknown action or peer may have been meant to deny, so that everything is denied.
        _ => Some(TierRule {
            action: Action::Deny,
            rule: Rule {
                number,
                peers: Peers::Any,
                ports: Ports::Any,
            },
        }),
    }
}

/// Whether peers and ports go together: pods name ports, networks and nodes do not.
fn fit(peers: Option<&Peers>, ports: Option<&Ports>, problems: &mut Problems<'_>) -> bool {
    let (Some(Peers::Of(listed)), Some(Ports::Of(ports))) = (peers, ports) else {
        return true;
    };
    let addresses = !listed.blocks.is_empty() || !listed.nodes.is_empty();
    let named = ports.iter().find_map(|port| match &port.ports {
        PortMatch::Named(name) if addresses => Some((port.index, name)),
        _ => None,
    });
    if let Some((index, name)) = named {
        let field = format_args!("protocols[{index}].destinationNamedPort");
        problems
            .below(field)
            .add(name, "accepted with networks and nodes, which name no ports");
    }
    named.is_none()
}

/// The value of the field in a policy.
impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Admin => "Admin",
            Self::Baseline => "Baseline",
        })
    }
}

/// The value of the field in a policy.
impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Accept => "Accept",
            Self::Deny => "Deny",
            Self::Pass => "Pass",
        })
    }
}
