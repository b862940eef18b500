//! From a DaemonSet, the nodes and the Pods of its namespace to the wanted writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::claim::claim;
use super::super::objects::{DaemonSet, DaemonSetStatus, Node, Pod};
use super::super::template::{self, LABEL_REVISION_HASH};
use super::eligible::{NodePredicate, node_of, pinned, reference};
use super::node_pods::{NodePods, is_present};
use super::update::update;

/// How old a failed Pod gets before it is replaced: one that fails at once shall not be replaced without end.
const FAILED_FOR: SignedDuration = SignedDuration::from_secs(5);

/// The writes that a DaemonSet needs now.
#[derive(Debug, Default)]
pub(super) struct DaemonSetPlan {
    pub(super) adopt: Vec<Arc<Pod>>,
    pub(super) release: Vec<Arc<Pod>>,
    /// Names of nodes that get a Pod.
    pub(super) create: Vec<Arc<str>>,
    pub(super) delete: Vec<Arc<Pod>>,
    pub(super) status: DaemonSetStatus,
    /// When to look again although nothing changes.
    pub(super) again: Option<Duration>,
}

/// Plans. While the cache is not `settled` nothing is created or deleted.
pub(super) fn plan<'a>(
    set: &DaemonSet,
    nodes: impl IntoIterator<Item = &'a Arc<Node>>,
    pods: impl IntoIterator<Item = &'a Arc<Pod>>,
    settled: bool,
    now: Timestamp,
) -> DaemonSetPlan {
    // An empty one selects every Pod of the namespace, those of other owners included.
    let Some(selector) = set.selector.as_ref().filter(|one| !one.is_empty()) else {
        return DaemonSetPlan {
            status: set.status.clone(),
            ..DaemonSetPlan::default()
        };
    };
    let claim = claim(&set.metadata, selector, pods);
    let (nodes, unscheduled) = list_nodes(set, nodes, &claim.owned);
    let hash = template::hash(&set.template, 0);
    let mut plan = DaemonSetPlan {
        status: status(set, &nodes, &hash, now),
        again: again(set, &claim.owned, now),
        adopt: claim.adopt,
        release: claim.release,
        ..DaemonSetPlan::default()
    };
    // Adopted Pods come back and call for the next plan.
    if settled && plan.adopt.is_empty() && set.metadata.deletion_timestamp.is_none() {
        plan.delete.extend(unscheduled);
        manage(&mut plan, &nodes, &hash, now);
        let replacement = update(set, &nodes, &hash, now);
        plan.delete.extend(replacement.delete);
        plan.create.extend(replacement.create);
    }
    plan
}

/// A new Pod on a node.
pub(super) fn pod(set: &DaemonSet, node: &str) -> Value {
    let hash = template::hash(&set.template, 0);
    let labelled = template::labelled(&set.template, LABEL_REVISION_HASH, &hash);
    let mut pod = template::pod(&labelled, &set.metadata.name, reference(set));
    pod["spec"] = pinned(&set.template, node);
    pod
}

/// The nodes with their Pods, and Pods that wait for a node that is gone. Those on nodes that are gone are
/// the node controller's.
fn list_nodes<'a>(
    set: &DaemonSet,
    nodes: impl IntoIterator<Item = &'a Arc<Node>>,
    owned: &[Arc<Pod>],
) -> (Vec<NodePods>, Vec<Arc<Pod>>) {
    let predicate = NodePredicate::of(set);
    let mut on: BTreeMap<&str, Vec<Arc<Pod>>> = BTreeMap::new();
    for pod in owned {
        on.entry(node_of(pod).unwrap_or_default())
            .or_default()
            .push(pod.clone());
    }
    let on_node = |node: &Arc<Node>| {
        let (should_run, may_continue) = predicate.of_node(node);
        let mut pods = on.remove(&*node.metadata.name).unwrap_or_default();
        pods.sort_by_key(|pod| (pod.metadata.creation_timestamp, pod.metadata.name.clone()));
        NodePods {
            node: node.metadata.name.clone(),
            pods,
            should_run,
            may_continue,
        }
    };
    let nodes = nodes.into_iter().map(on_node).collect();
    let waiting = |pod: &Arc<Pod>| !pod.is_bound() && pod.is_active();
    let unscheduled = on.into_values().flatten().filter(waiting);
    (nodes, unscheduled.collect())
}

/// One Pod on every node that should run one, and none where it must not be. During an update there may be
/// one old and one new Pod.
fn manage(plan: &mut DaemonSetPlan, nodes: &[NodePods], hash: &str, now: Timestamp) {
    for on_node in nodes {
        if on_node.should_run && on_node.pods.is_empty() {
            plan.create.push(on_node.node.clone());
        } else if !on_node.may_continue {
            let going = on_node.pods.iter().filter(|pod| !pod.is_terminating());
            plan.delete.extend(going.cloned());
        } else {
            let failed = on_node.pods.iter().filter(|pod| is_failed(pod, now));
            plan.delete.extend(failed.cloned());
            for present in [true, false] {
                let more = on_node.active(hash, present).into_iter().skip(1);
                plan.delete.extend(more.cloned());
            }
        }
    }
}

/// Whether a Pod ended some time ago.
fn is_failed(pod: &Pod, now: Timestamp) -> bool {
    let age = age(pod, now);
    pod.is_finished() && !pod.is_terminating() && age.is_none_or(|age| age >= FAILED_FOR)
}

fn age(pod: &Pod, now: Timestamp) -> Option<SignedDuration> {
    Some(now.duration_since(pod.metadata.creation_timestamp?))
}

fn status(set: &DaemonSet, nodes: &[NodePods], hash: &str, now: Timestamp) -> DaemonSetStatus {
    let count = |is: &dyn Fn(&NodePods) -> bool| {
        i32::try_from(nodes.iter().filter(|on_node| is(on_node)).count()).unwrap_or(i32::MAX)
    };
    let oldest = |on_node: &NodePods, is: &dyn Fn(&Pod) -> bool| {
        let mut pods = on_node.pods.iter().filter(|pod| !pod.is_terminating());
        on_node.should_run && pods.next().is_some_and(|pod| is(pod))
    };
    let available = |pod: &Pod| pod.is_available(set.min_ready_seconds, now);
    let desired = count(&|on_node| on_node.should_run);
    let number_available = count(&|on_node| oldest(on_node, &available));
    DaemonSetStatus {
        desired_number_scheduled: desired,
        current_number_scheduled: count(&|on_node| on_node.should_run && !on_node.pods.is_empty()),
        number_misscheduled: count(&|on_node| !on_node.should_run && !on_node.pods.is_empty()),
        number_ready: count(&|on_node| oldest(on_node, &Pod::is_ready)),
        updated_number_scheduled: count(&|on_node| oldest(on_node, &|pod| is_present(pod, hash))),
        number_available,
        number_unavailable: desired - number_available,
        observed_generation: set.metadata.generation,
    }
}

/// The time until the next ready Pod has been so for long enough, or the next failed Pod is replaced.
fn again(set: &DaemonSet, owned: &[Arc<Pod>], now: Timestamp) -> Option<Duration> {
    let ready = owned
        .iter()
        .filter_map(|pod| pod.available_in(set.min_ready_seconds, now));
    let failed = owned.iter().filter(|pod| pod.is_finished());
    let failed = failed.filter_map(|pod| Some(FAILED_FOR - age(pod, now)?));
    let next = ready.chain(failed).filter(|wait| wait.is_positive()).min()?;
    Duration::try_from(next).ok()
}

#[cfg(test)]
mod tests;
