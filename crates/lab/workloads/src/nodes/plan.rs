//! From a node and the Pods on it to the wanted writes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::objects::{Node, Pod, Taint, condition};
use super::evict::{Eviction, eviction};
use super::taints::wanted;

/// Conditions that a kubelet keeps up to date.
const REPORTED: &[&str] = &["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// The writes that a node needs now.
#[derive(Debug, Default)]
pub(crate) struct NodePlan {
    /// The node, as far as it is there.
    pub(super) node: Option<Arc<Node>>,
    /// Conditions that nobody reports any more.
    pub(super) conditions: Vec<Value>,
    /// All its taints, if they differ from those that it has.
    pub(super) taints: Option<Vec<Taint>>,
    /// Pods to set to not ready.
    pub(super) unready: Vec<Arc<Pod>>,
    /// Pods that taints evict now.
    pub(super) evict: Vec<Arc<Pod>>,
    /// Pods whose node is gone.
    pub(super) orphans: Vec<Arc<Pod>>,
    /// Pods (by uid) that taints evict, now or later.
    pub(super) evicting: Vec<Arc<str>>,
    /// Pods (by uid) that may stay.
    pub(super) tolerating: Vec<Arc<str>>,
    /// Pods (by uid) whose node is ready.
    pub(super) recovered: Vec<Arc<str>>,
    /// When to look again although nothing changes.
    pub(super) again: Option<Duration>,
}

/// A Pod on a node.
pub(super) struct PodOnNode {
    pub(super) pod: Arc<Pod>,
    /// For how long taints have been about to evict it.
    pub(super) evicting_for: Option<Duration>,
    /// Whether it was set to not ready since its node is not ready.
    pub(super) marked: bool,
}

/// Plans for a node whose last sign of life is `silent` ago.
pub(super) fn plan(
    node: &Arc<Node>,
    pods: &[PodOnNode],
    silent: Duration,
    grace: Duration,
    now: Timestamp,
) -> NodePlan {
    let mut plan = NodePlan {
        node: Some(node.clone()),
        conditions: if silent >= grace {
            unknown(node, now)
        } else {
            Vec::new()
        },
        again: grace.checked_sub(silent).filter(|left| !left.is_zero()),
        ..NodePlan::default()
    };
    // Taints follow the conditions that the node has: those that change now come back and call for the next
    // plan.
    let taints = wanted(node, now);
    plan.taints = (taints != node.taints).then_some(taints);
    for one in pods {
        plan_readiness(&mut plan, node, one);
        plan_eviction(&mut plan, node, one);
    }
    plan
}

/// Plans for Pods whose node has been missing for that long.
pub(super) fn without_node(pods: &[Arc<Pod>], missing: Duration, grace: Duration) -> NodePlan {
    let left = grace.checked_sub(missing).filter(|left| !left.is_zero());
    match left {
        Some(left) if !pods.is_empty() => NodePlan {
            again: Some(left),
            ..NodePlan::default()
        },
        Some(_) => NodePlan::default(),
        None => NodePlan {
            orphans: pods.to_vec(),
            ..NodePlan::default()
        },
    }
}

/// The conditions that say more than is known.
fn unknown(node: &Node, now: Timestamp) -> Vec<Value> {
    let condition = |kind: &str| {
        let before = condition(&node.conditions, kind);
        if before.is_some_and(|one| &*one.status == "Unknown") {
            return None;
        }
        let (reason, message) = match before {
            Some(_) => ("NodeStatusUnknown", "Kubelet stopped posting node status."),
            None => ("NodeStatusNeverUpdated", "Kubelet never posted node status."),
        };
        Some(json!({
            "type": kind,
            "status": "Unknown",
            "reason": reason,
            "message": message,
            "lastTransitionTime": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }))
    };
    REPORTED.iter().filter_map(|kind| condition(kind)).collect()
}

/// A Pod is not ready when its node is not. It is said once: when the node comes back its kubelet has the
/// last word.
fn plan_readiness(plan: &mut NodePlan, node: &Node, one: &PodOnNode) {
    let ready = condition(&node.conditions, "Ready");
    match ready {
        Some(ready) if ready.is_true() => plan.recovered.push(one.pod.metadata.uid.clone()),
        Some(_) if one.pod.is_ready() && !one.marked => plan.unready.push(one.pod.clone()),
        _ => {}
    }
}

fn plan_eviction(plan: &mut NodePlan, node: &Node, one: &PodOnNode) {
    let uid = || one.pod.metadata.uid.clone();
    if one.pod.is_terminating() {
        return;
    }
    match eviction(&one.pod.spec.tolerations, &node.taints) {
        Eviction::None => plan.tolerating.push(uid()),
        Eviction::After(after) => {
            plan.evicting.push(uid());
            let passed = one.evicting_for.unwrap_or_default();
            match after.checked_sub(passed).filter(|left| !left.is_zero()) {
                None => plan.evict.push(one.pod.clone()),
                Some(left) => {
                    let again = plan.again.unwrap_or(left);
                    plan.again = Some(again.min(left));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
