//! Topology spread constraints: no domain may have many more of the selected Pods than the one with the
//! fewest.

use std::collections::HashMap;

use kinglet_model::{Requirement, Selector};

use super::super::objects::{Node, Pod, Spread};
use super::super::placement::{NO_EXECUTE, NO_SCHEDULE, selects, untolerated};
use super::reason::Reason;
use super::snapshot::{NodeInfo, Snapshot};

/// The counts of a Pod's hard constraints.
pub(super) struct Domains<'a> {
    constraints: Vec<Counted<'a>>,
}

struct Counted<'a> {
    constraint: &'a Spread,
    counts: HashMap<&'a str, i64>,
    /// The smallest count.
    least: i64,
    /// 1 if the Pod itself is selected.
    own: i64,
}

impl<'a> Domains<'a> {
    pub(super) fn new(pod: &'a Pod, snapshot: &'a Snapshot) -> Self {
        let hard: Vec<&Spread> = pod.spec.spread.iter().filter(|one| one.is_hard()).collect();
        // kube-scheduler counts no node that lacks one of the keys.
        let has_all = |node_info: &NodeInfo| {
            hard.iter()
                .all(|one| node_info.domain(&one.topology_key).is_some())
        };
        let nodes: Vec<&NodeInfo> = snapshot
            .nodes
            .iter()
            .filter(|node_info| has_all(node_info))
            .collect();
        let constraints = hard.iter().map(|one| Counted::new(one, pod, &nodes));
        Self {
            constraints: constraints.collect(),
        }
    }

    /// Why a node breaks a constraint.
    pub(super) fn reason(&self, node_info: &NodeInfo) -> Option<Reason> {
        self.constraints.iter().find_map(|one| one.reason(node_info))
    }
}

impl<'a> Counted<'a> {
    fn new(constraint: &'a Spread, pod: &Pod, nodes: &[&'a NodeInfo]) -> Self {
        let selector = selector(constraint, pod);
        let counts = counts(constraint, pod, &selector, nodes);
        // With fewer domains the least counts as 0, so that Pods wait for another domain.
        let enough = counts.len() >= constraint.min_domains.unwrap_or(1);
        let least = if enough {
            counts.values().min().copied()
        } else {
            None
        };
        Self {
            constraint,
            counts,
            least: least.unwrap_or(0),
            own: i64::from(selector.is_some_and(|one| one.matches(&pod.metadata.labels))),
        }
    }

    fn reason(&self, node_info: &NodeInfo) -> Option<Reason> {
        let Some(domain) = node_info.domain(&self.constraint.topology_key) else {
            return Some(Reason::MissingLabel);
        };
        let count = self.counts.get(domain).copied().unwrap_or(0);
        (count + self.own - self.least > self.constraint.max_skew).then_some(Reason::Spread)
    }
}

/// The selected Pods by domain, over the nodes that count.
fn counts<'a>(
    constraint: &Spread,
    pod: &Pod,
    selector: &Option<Selector>,
    nodes: &[&'a NodeInfo],
) -> HashMap<&'a str, i64> {
    let mut counts: HashMap<&str, i64> = HashMap::new();
    for node_info in nodes
        .iter()
        .filter(|node_info| is_counted(constraint, pod, &node_info.node))
    {
        if let Some(domain) = node_info.domain(&constraint.topology_key) {
            *counts.entry(domain).or_default() += matching(node_info, pod, selector);
        }
    }
    counts
}

/// The Pods of a node that a constraint of a Pod selects.
fn matching(node_info: &NodeInfo, pod: &Pod, selector: &Option<Selector>) -> i64 {
    let Some(selector) = selector else { return 0 };
    let selected = |other: &&std::sync::Arc<Pod>| {
        other.metadata.namespace == pod.metadata.namespace
            // It would keep off the Pod that replaces it (kubernetes/kubernetes#87621).
            && !other.is_terminating()
            && selector.matches(&other.metadata.labels)
    };
    i64::try_from(node_info.pods.iter().filter(selected).count()).unwrap_or(i64::MAX)
}

/// How many selected Pods are in a node's domain, for the soft constraints of a Pod.
pub(super) fn pods_in_domain(pod: &Pod, node_info: &NodeInfo, snapshot: &Snapshot) -> i64 {
    let soft = pod.spec.spread.iter().filter(|one| !one.is_hard());
    soft.map(|constraint| {
        let key = &*constraint.topology_key;
        let selector = selector(constraint, pod);
        let near = |other: &&NodeInfo| other.domain(key) == node_info.domain(key);
        let near = snapshot.nodes.iter().filter(near);
        near.map(|other| matching(other, pod, &selector)).sum::<i64>()
    })
    .sum()
}

/// A node counts if the Pod's node affinity allows it, and, on request, if its taints are tolerated.
fn is_counted(constraint: &Spread, pod: &Pod, node: &Node) -> bool {
    let (affinity, taints) = (&*constraint.node_affinity_policy, &*constraint.node_taints_policy);
    let effects = [NO_SCHEDULE, NO_EXECUTE];
    (affinity == "Ignore" || selects(&pod.spec, node))
        && (taints != "Honor" || untolerated(&pod.spec.tolerations, &node.taints, &effects).is_none())
}

/// The constraint's selector, and the Pod's values of `matchLabelKeys`.
fn selector(constraint: &Spread, pod: &Pod) -> Option<Selector> {
    let mut selector = constraint.label_selector.clone()?;
    let keys = constraint.match_label_keys.iter();
    let values = keys.filter_map(|key| {
        let value = pod.metadata.label(key)?;
        Some(Requirement::Equals(key.clone(), value.into()))
    });
    selector.requirements.extend(values);
    Some(selector)
}
