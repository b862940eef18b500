//! Tells the API what a pod is doing, and lets its object go in the end.

use std::sync::Arc;

use jiff::Timestamp;
use kinglet_kube::{Backoff, Collection, Deletion, Resource};
use kinglet_model::Object;
use serde_json::{Value, json};

use super::context::NodeContext;
use super::spec::Pod;
use super::state::Shared;

/// Keeps the object's status equal to the state, and says it again when others have judged the pod in the
/// node's absence.
pub(super) async fn publish(node: Arc<NodeContext>, pod: Arc<Pod>, state: Shared) {
    let (mut changes, mut gate) = (state.subscribe(), node.gate.watch());
    let mut last = Value::Null;
    let mut backoff = Backoff::new();
    loop {
        node.gate.passed().await;
        changes.mark_unchanged();
        gate.mark_unchanged();
        match write(&node, &pod, &state, &mut last).await {
            Ok(()) => {
                backoff.reset();
                tokio::select! {
                    _ = changes.changed() => {}
                    _ = gate.changed() => last = Value::Null,
                }
            }
            Err(error) => {
                tracing::debug!(pod = %pod.object_name(), %error, "cannot write a pod's status");
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

async fn write(
    node: &NodeContext,
    pod: &Pod,
    state: &Shared,
    last: &mut Value,
) -> Result<(), kinglet_kube::RequestError> {
    let mut next = super::status::status(pod, &state.get(), &node.network.addresses);
    super::status::stamp_conditions(&mut next, last, Timestamp::now());
    if next != *last {
        let pods = Collection::new(node.client.clone(), Resource::of::<Pod>());
        let patch = json!({ "status": next });
        pods.strategic_part(&pod.object_name(), "status", &patch).await?;
        *last = next;
    }
    Ok(())
}

/// Writes the last status, then deletes the object that waits for its kubelet. Retries until it is gone.
pub(super) async fn delete(node: &NodeContext, pod: &Pod, state: &Shared) {
    let pods = Collection::new(node.client.clone(), Resource::of::<Pod>());
    let how = Deletion {
        uid: Some(&pod.metadata.uid),
        grace_period: Some(0),
        ..Deletion::default()
    };
    let mut backoff = Backoff::new();
    loop {
        node.gate.passed().await;
        // What counts is the deletion; a status that cannot be written is of no use afterwards.
        let _ = write(node, pod, state, &mut Value::Null).await;
        match pods.delete(&pod.object_name(), &how).await {
            Ok(()) => return,
            // Another Pod has the name by now (the uid is a precondition).
            Err(error) if error.is_not_found() || error.is_conflict() => return,
            Err(error) => {
                tracing::debug!(pod = %pod.object_name(), %error, "cannot delete a pod that has ended");
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}
