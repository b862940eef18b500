//! Policies whose fields have been checked: what is not valid is reported and allows nothing, defaults are
//! filled in.

mod cluster;
mod cluster_peers;
#[cfg(test)]
mod cluster_tests;
mod peers;
mod ports;
mod protocols;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use kinglet_model::{NetworkPolicy, Object, ObjectName, PolicyRule, Protocol, Selector};

use crate::peer::Peer;
use crate::problem::{Problem, Problems};
use crate::ranges::Ranges;

pub(crate) use cluster::ClusterPolicy;
pub use cluster::{Action, Tier};

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

/// Whom a rule means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peers {
    Any,
    Of(Listed),
}

/// Any of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) pods: Vec<Peer>,
    /// Addresses, of all blocks together.
    pub(crate) blocks: Arc<Ranges>,
    /// Addresses of nodes, by the labels of these.
    pub(crate) nodes: Vec<Selector>,
}

/// Which protocols and ports a rule means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    Any,
    Of(Vec<Port>),
}

/// Ports of one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    /// Its place in the list as written.
    pub(crate) index: usize,
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

/// Whether a policy isolates for ingress and for egress. A list without any known type counts as missing,
/// since that isolates more.
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
