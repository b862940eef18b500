//! Which of too many Pods go first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::objects::Pod;

/// Annotation of a Pod: what its deletion costs, 0 if missing; cheaper ones go first.
const ANNOTATION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// The Pods to delete: those that serve least. In this order: not bound before bound, pending before unknown
/// before running, not ready before ready, cheaper before dearer, on a node with more of them before others,
/// ready for a shorter time (by orders of magnitude), with more restarts, younger.
pub(super) fn surplus(mut pods: Vec<Arc<Pod>>, count: usize, now: Timestamp) -> Vec<Arc<Pod>> {
    if count < pods.len() {
        let mut on_node: HashMap<Arc<str>, usize> = HashMap::new();
        for pod in &pods {
            *on_node.entry(pod.spec.node_name.clone()).or_default() += 1;
        }
        let neighbours = |pod: &Pod| on_node.get(&pod.spec.node_name).copied().unwrap_or_default();
        pods.sort_by_cached_key(|pod| key(pod, neighbours(pod), now));
        pods.truncate(count);
    }
    pods
}

type Key = (
    (bool, u8, bool, i64),
    (Reverse<usize>, u32, Reverse<i64>, u32),
    Reverse<Arc<str>>,
);

fn key(pod: &Pod, neighbours: usize, now: Timestamp) -> Key {
    let phase = match &*pod.phase {
        "Pending" => 0,
        "Running" => 2,
        _ => 1,
    };
    let cost = pod.metadata.annotation(ANNOTATION_COST);
    let cost = cost.and_then(|text| text.parse().ok()).unwrap_or(0);
    let state = (pod.is_bound(), phase, pod.is_ready(), cost);
    let ready = pod.ready().flatten();
    let created = pod.metadata.creation_timestamp;
    let history = (
        Reverse(neighbours),
        magnitude(ready, now),
        Reverse(pod.restarts),
        magnitude(created, now),
    );
    (state, history, Reverse(pod.metadata.name.clone()))
}

/// The order of magnitude (base 2) of the time since then: Pods that were started together shall not be told
/// apart by a second.
fn magnitude(since: Option<Timestamp>, now: Timestamp) -> u32 {
    let seconds = since.map_or(0, |since| now.duration_since(since).as_secs().max(0));
    (seconds + 1).ilog2()
}
