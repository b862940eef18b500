//! Policies whose fields have been checked: what is not valid is reported and allows nothing, defaults are filled in.

mod peers;
mod ports;
#[cfg(test)]
mod tests;

use std::fmt;

use kinglet_model::{NetworkPolicy, Object, ObjectName, PolicyRule, Protocol, Selector};

use crate::peer::Peer;
use crate::problem::{Problem, Problems};
use crate::ranges::Ranges;

/// From which side of a connection a rule is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Connections to a pod; its peer is the source.
    Ingress,
    /// Connections from a pod; its peer is the destination.
    Egress,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) name: ObjectName,
    /// Which pods of its namespace it isolates.
    pub(crate) pods: Selector,
    /// What it allows, if it isolates in this direction.
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
}

/// A rule that can match; its number counts those that cannot, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) number: usize,
    pub(crate) peers: Peers,
    pub(crate) ports: Ports,
}

/// Whom a rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peers {
    Any,
    /// Any of these pods, or of the addresses of any of these blocks.
    Of(Vec<Peer>, Vec<Ranges>),
}

/// Which protocols and ports a rule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    Any,
    Of(Vec<Port>),
}

/// Ports of one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) protocol: Protocol,
    pub(crate) wanted: Wanted,
}

/// Which ports of a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Any,
    /// Both ends included.
    Range(u16, u16),
    /// What the destination pod calls so.
    Named(std::sync::Arc<str>),
}

impl Policy {
    /// Checks a policy. Nothing if it cannot be known which pods it is about.
    pub(crate) fn check(policy: &NetworkPolicy, found: &mut Vec<Problem>) -> Option<Self> {
        let name = policy.object_name();
        let mut problems = Problems::of(&name, found);
        let pods = match &policy.pod_selector {
            Ok(selector) => selector.clone(),
            Err(error) => {
                problems.below("podSelector").add(error, "a label selector");
                return None;
            }
        };
        let (ingress, egress) = isolates(policy, &mut problems);
        let namespace = &name.namespace;
        let mut rules = |of: &[PolicyRule], field| rules(of, namespace, &mut problems, field);
        let ingress = ingress.then(|| rules(&policy.ingress, Direction::Ingress));
        let egress = egress.then(|| rules(&policy.egress, Direction::Egress));
        Some(Self {
            name: name.clone(),
            pods,
            ingress,
            egress,
        })
    }

    /// What it allows, if it isolates in this direction.
    pub(crate) fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

/// Whether a policy isolates for ingress and for egress. A list without any known type counts as missing, since that isolates more.
fn isolates(policy: &NetworkPolicy, problems: &mut Problems<'_>) -> (bool, bool) {
    let types = &policy.policy_types;
    for (index, kind) in types.iter().enumerate() {
        if !matches!(&**kind, "Ingress" | "Egress") {
            let mut field = problems.below(format_args!("policyTypes[{index}]"));
            field.add(kind, "Ingress or Egress");
        }
    }
    let has = |wanted| types.iter().any(|kind| &**kind == wanted);
    match (has("Ingress"), has("Egress")) {
        (false, false) => (true, !policy.egress.is_empty()),
        both => both,
    }
}

fn rules(
    rules: &[PolicyRule],
    namespace: &str,
    problems: &mut Problems<'_>,
    direction: Direction,
) -> Vec<Rule> {
    let checked = rules.iter().enumerate().filter_map(|(number, rule)| {
        let mut problems = problems.below(format_args!("{direction}[{number}]"));
        let peers = peers::check(&rule.peers, namespace, direction, &mut problems);
        let ports = ports::check(&rule.ports, &mut problems);
        Some(Rule {
            number,
            peers: peers?,
            ports: ports?,
        })
    });
    checked.collect()
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Egress, Self::Ingress];
}

/// As the field of a policy is called.
impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}
