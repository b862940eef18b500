//! Replacing the Pods of an old template: node by node, with a limit of nodes whose Pod is missing, or of
//! nodes that have two.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::amounts::scaled;
use super::super::objects::{DaemonSet, Pod};
use super::node_pods::NodePods;

/// What a rolling update does next.
#[derive(Default)]
pub(super) struct Replacement {
    pub(super) delete: Vec<Arc<Pod>>,
    /// Names of nodes that get a new Pod beside their old one.
    pub(super) create: Vec<Arc<str>>,
}

/// The next step from an old template to the present one; none where Pods are replaced only after somebody
/// deletes them.
pub(super) fn update(set: &DaemonSet, nodes: &[NodePods], hash: &str, now: Timestamp) -> Replacement {
    let Some(max_unavailable) = &set.max_unavailable else {
        return Replacement::default();
    };
    let wanting: Vec<&NodePods> = nodes.iter().filter(|on_node| on_node.should_run).collect();
    let desired = i32::try_from(wanting.len()).unwrap_or(i32::MAX);
    // Other than for Deployments, Kubernetes rounds both up.
    let amount = |amount| usize::try_from(scaled(amount, desired, true)).unwrap_or_default();
    let nodes: Vec<OnNode<'_>> = wanting
        .into_iter()
        .map(|on_node| OnNode::new(on_node, set, hash, now))
        .collect();
    match amount(&set.max_surge) {
        // When both round to nothing one Pod may be missing, or nothing could ever move.
        0 => Replacement {
            delete: replaced(&nodes, amount(max_unavailable).max(1)),
            create: Vec::new(),
        },
        surge => Replacement {
            delete: replaced_with_surge(&nodes),
            create: surged(&nodes, surge),
        },
    }
}

/// A node's old and new Pod, and whether they serve.
struct OnNode<'a> {
    node: &'a Arc<str>,
    old: Option<(&'a Arc<Pod>, bool)>,
    new: Option<bool>,
}

impl<'a> OnNode<'a> {
    fn new(on_node: &'a NodePods, set: &DaemonSet, hash: &str, now: Timestamp) -> Self {
        let serves = |pod: &Pod| pod.is_available(set.min_ready_seconds, now);
        let first = |present| on_node.active(hash, present).into_iter().next();
        Self {
            node: &on_node.node,
            old: first(false).map(|pod| (pod, serves(pod))),
            new: first(true).map(|pod| serves(pod)),
        }
    }

    fn serves(&self) -> bool {
        self.new == Some(true) || self.old.is_some_and(|(_, serves)| serves)
    }
}

/// Without surge: old Pods that do not serve go at once, others as far as nodes may be without.
fn replaced(nodes: &[OnNode<'_>], most: usize) -> Vec<Arc<Pod>> {
    let missing = nodes.iter().filter(|node| !node.serves()).count();
    let old = || {
        nodes
            .iter()
            .filter(|node| node.new.is_none())
            .filter_map(|node| node.old)
    };
    let idle = old().filter(|(_, serves)| !serves);
    let serving = old()
        .filter(|(_, serves)| *serves)
        .take(most.saturating_sub(missing));
    idle.chain(serving).map(|(pod, _)| pod.clone()).collect()
}

/// With surge: old Pods whose new Pod serves, or that do not serve themselves.
fn replaced_with_surge(nodes: &[OnNode<'_>]) -> Vec<Arc<Pod>> {
    let done = nodes.iter().filter_map(|node| {
        let (pod, serves) = node.old?;
        let new = node.new?;
        (new || !serves).then(|| pod.clone())
    });
    done.collect()
}

/// With surge: nodes whose old Pod gets a new one beside it.
fn surged(nodes: &[OnNode<'_>], most: usize) -> Vec<Arc<str>> {
    let pairs = nodes.iter().filter(|node| {
        let serving = node.old.is_some_and(|(_, serves)| serves);
        serving && node.new == Some(false)
    });
    let room = most.saturating_sub(pairs.count());
    let alone = |serves: bool| {
        let nodes = nodes.iter().filter(|node| node.new.is_none());
        nodes.filter(move |node| node.old.is_some_and(|(_, is)| is == serves))
    };
    // A node whose old Pod does not serve has nothing to lose, and does not count.
    let next = alone(false).chain(alone(true).take(room));
    next.map(|node| node.node.clone()).collect()
}
