//! From a DaemonSet, the nodes and the Pods of its namespace to the wanted writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::claim::claim;
use super::super::objects::{DaemonSet, DaemonSetStatus, Node, Pod};
use super::super::template::{self, LABEL_REVISION_HASH};
use super::eligible::{Demands, node_of, pinned, reference};
use super::place::{Place, is_present};
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
    let Some(selector) = set.selector.as_ref().filter(|one| !one.is_empty()) else {
        return DaemonSetPlan {
            status: set.status.clone(),
            ..DaemonSetPlan::default()
        };
    };
    let claim = claim(&set.metadata, selector, pods);
    let (places, lost) = places(set, nodes, &claim.owned);
    let hash = template::hash(&set.template, 0);
    let mut plan = DaemonSetPlan {
        status: status(set, &places, &hash, now),
        again: again(set, &claim.owned, now),
        adopt: claim.adopt,
        release: claim.release,
        ..DaemonSetPlan::default()
    };
    // Adopted Pods come back and call for the next plan.
    if settled && plan.adopt.is_empty() && set.metadata.deletion_timestamp.is_none() {
        plan.delete.extend(lost);
        manage(&mut plan, &places, &hash, now);
        let replacement = update(set, &places, &hash, now);
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
fn places<'a>(
    set: &DaemonSet,
    nodes: impl IntoIterator<Item = &'a Arc<Node>>,
    owned: &[Arc<Pod>],
) -> (Vec<Place>, Vec<Arc<Pod>>) {
    let demands = Demands::of(set);
    let mut on: BTreeMap<&str, Vec<Arc<Pod>>> = BTreeMap::new();
    for pod in owned {
        on.entry(node_of(pod).unwrap_or_default())
            .or_default()
            .push(pod.clone());
    }
    let place = |node: &Arc<Node>| {
        let (wants, keeps) = demands.judge(node);
        let mut pods = on.remove(&*node.metadata.name).unwrap_or_default();
        pods.sort_by_key(|pod| (pod.metadata.creation_timestamp, pod.metadata.name.clone()));
        Place {
            node: node.metadata.name.clone(),
            pods,
            wants,
            keeps,
        }
    };
    let places = nodes.into_iter().map(place).collect();
    let waiting = |pod: &Arc<Pod>| !pod.is_bound() && pod.is_active();
    let lost = on.into_values().flatten().filter(waiting);
    (places, lost.collect())
}

/// One Pod on every node that wants one, and none where it must not be. During an update there may be one old
/// and one new Pod.
fn manage(plan: &mut DaemonSetPlan, places: &[Place], hash: &str, now: Timestamp) {
    for place in places {
        if place.wants && place.pods.is_empty() {
            plan.create.push(place.node.clone());
        } else if !place.keeps {
            let going = place.pods.iter().filter(|pod| !pod.is_terminating());
            plan.delete.extend(going.cloned());
        } else {
            let failed = place.pods.iter().filter(|pod| is_failed(pod, now));
            plan.delete.extend(failed.cloned());
            for present in [true, false] {
                let more = place.active(hash, present).into_iter().skip(1);
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

fn status(set: &DaemonSet, places: &[Place], hash: &str, now: Timestamp) -> DaemonSetStatus {
    let count = |is: &dyn Fn(&Place) -> bool| {
        i32::try_from(places.iter().filter(|place| is(place)).count()).unwrap_or(i32::MAX)
    };
    let oldest = |place: &Place, is: &dyn Fn(&Pod) -> bool| {
        let mut pods = place.pods.iter().filter(|pod| !pod.is_terminating());
        place.wants && pods.next().is_some_and(|pod| is(pod))
    };
    let available = |pod: &Pod| pod.is_available(set.min_ready_seconds, now);
    let desired = count(&|place| place.wants);
    let number_available = count(&|place| oldest(place, &available));
    DaemonSetStatus {
        desired_number_scheduled: desired,
        current_number_scheduled: count(&|place| place.wants && !place.pods.is_empty()),
        number_misscheduled: count(&|place| !place.wants && !place.pods.is_empty()),
        number_ready: count(&|place| oldest(place, &Pod::is_ready)),
        updated_number_scheduled: count(&|place| oldest(place, &|pod| is_present(pod, hash))),
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
