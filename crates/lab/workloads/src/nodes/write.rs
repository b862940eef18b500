//! From a plan to requests and Events.

use jiff::Timestamp;
use kinglet_kube::{
    Client, Collection, Deletion, ObjectReference, Recorder, Report, RequestError, Resource, Severity,
};
use kinglet_model::Object;
use serde_json::{Value, json};
use tracing::info;

use super::super::objects::{Node, Pod, Taint};
use super::super::pods::ignore_not_found;
use super::plan::NodePlan;

pub(super) struct Writer {
    nodes: Collection,
    pods: Collection,
    recorder: Recorder,
}

impl Writer {
    pub(super) fn new(client: &Client, recorder: Recorder) -> Self {
        Self {
            nodes: Collection::new(client.clone(), Resource::of::<Node>()),
            pods: Collection::new(client.clone(), Resource::of::<Pod>()),
            recorder,
        }
    }

    /// Does everything that a plan says.
    pub(super) async fn apply(&self, plan: &NodePlan) -> Result<(), RequestError> {
        if let Some(node) = &plan.node {
            if !plan.conditions.is_empty() {
                self.write_conditions(node, &plan.conditions).await?;
            }
            // The conditions have just changed the node's revision; its taints follow with the next plan.
            if let Some(taints) = plan.taints.as_ref().filter(|_| plan.conditions.is_empty()) {
                self.write_taints(node, taints).await?;
            }
        }
        for pod in &plan.unready {
            self.set_not_ready(pod).await?;
        }
        for pod in &plan.evict {
            self.evict(pod).await?;
        }
        for pod in &plan.orphans {
            info!(pod = %pod.object_name(), node = &*pod.spec.node_name, "deleting a pod whose node is gone");
            // With a grace period it would wait for a kubelet, which is gone.
            self.delete(pod, Some(0)).await?;
        }
        Ok(())
    }

    async fn write_conditions(&self, node: &Node, conditions: &[Value]) -> Result<(), RequestError> {
        let name = node.object_name();
        // Strategic merge finds the condition by its type and leaves the others; with the uid it is refused
        // if another Pod has the name by now.
        let patch = json!({"status": {"conditions": conditions}});
        ignore_not_found(self.nodes.strategic_part(&name, "status", &patch).await)?;
        let note = format!("Node {name} status is now: NodeNotReady");
        let regarding = ObjectReference::of::<Node>(&node.metadata);
        self.report(regarding, Severity::Normal, "NodeNotReady", note);
        Ok(())
    }

    async fn write_taints(&self, node: &Node, taints: &[Taint]) -> Result<(), RequestError> {
        let taints = if taints.is_empty() {
            Value::Null
        } else {
            json!(taints)
        };
        let version = &*node.metadata.resource_version;
        // The list is replaced as a whole: a taint that somebody adds meanwhile must not get lost.
        let patch = json!({"metadata": {"resourceVersion": version}, "spec": {"taints": taints}});
        ignore_not_found(self.nodes.merge(&node.object_name(), &patch).await)
    }

    async fn set_not_ready(&self, pod: &Pod) -> Result<(), RequestError> {
        self.write_condition(
            pod,
            json!({"type": "Ready", "status": "False", "lastTransitionTime": now()}),
        )
        .await?;
        let note = "Node is not ready".to_owned();
        self.report(about(pod), Severity::Warning, "NodeNotReady", note);
        Ok(())
    }

    async fn evict(&self, pod: &Pod) -> Result<(), RequestError> {
        let note = format!("Marking for deletion Pod {}", pod.object_name());
        self.report(about(pod), Severity::Normal, "TaintManagerEviction", note);
        // Tells owners that the Pod has not failed by itself (KEP-3329).
        self.write_condition(
            pod,
            json!({
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "DeletionByTaintManager",
                "message": "Taint manager: deleting due to NoExecute taint",
                "lastTransitionTime": now(),
            }),
        )
        .await?;
        self.delete(pod, None).await
    }

    async fn write_condition(&self, pod: &Pod, condition: Value) -> Result<(), RequestError> {
        let patch = json!({"metadata": {"uid": &*pod.metadata.uid}, "status": {"conditions": [condition]}});
        let result = self
            .pods
            .strategic_part(&pod.object_name(), "status", &patch)
            .await;
        ignore_conflict(ignore_not_found(result))
    }

    async fn delete(&self, pod: &Pod, grace_period: Option<u32>) -> Result<(), RequestError> {
        let how = Deletion {
            uid: Some(&pod.metadata.uid),
            grace_period,
            ..Deletion::default()
        };
        ignore_conflict(ignore_not_found(self.pods.delete(&pod.object_name(), &how).await))
    }

    fn report(&self, regarding: ObjectReference, severity: Severity, reason: &'static str, note: String) {
        self.recorder.report(Report {
            regarding,
            severity,
            reason,
            action: reason,
            note,
        });
    }
}

/// The uid does not fit any more: the Pod is gone, and another has its name.
fn ignore_conflict(result: Result<(), RequestError>) -> Result<(), RequestError> {
    match result {
        Err(error) if error.is_conflict() => Ok(()),
        result => result,
    }
}

fn about(pod: &Pod) -> ObjectReference {
    ObjectReference::of::<Pod>(&pod.metadata)
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
