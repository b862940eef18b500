//! The scheduler: puts Pods on nodes.
//!
//! In: Pods, Nodes, Namespaces. [`state`] keeps them and tells which Pods wait; [`mod@decide`] is the pure
//! rule: [`filter`] finds the suitable nodes ([`spread`] and [`affinity`] look at other Pods), [`score`] the
//! best of them, [`reason`] says why there is none. Out: bindings, and the condition `PodScheduled`.

mod affinity;
mod decide;
mod filter;
mod reason;
mod score;
mod snapshot;
mod spread;
mod state;

use std::sync::Arc;

use jiff::Timestamp;
use kinglet_kube::{
    Change, Collection, Inputs, Next, ObjectReference, Reconciler, Recorder, Reflectors, Report,
    RequestError, Resource, Severity,
};
use kinglet_model::{Namespace, Object, ObjectName};
use serde_json::json;
use tracing::debug;

use self::decide::decide;
use self::state::State;
use super::objects::{Node, Pod, condition};
use super::pods::ignore_not_found;

/// Name of the scheduler in Events.
pub(super) const COMPONENT: &str = "default-scheduler";
/// Binds Pods to nodes, or says why it does not; keys are the names of Pods.
pub(super) struct Scheduler {
    pods: Collection,
    recorder: Recorder,
    state: State,
}

/// A change of a watched object.
pub(super) enum Input {
    Pod(Change<Pod>),
    Node(Change<Node>),
    Namespace(Change<Namespace>),
}

/// A Pod, and its node or why it has none.
pub(super) struct Decision {
    pod: Arc<Pod>,
    node: Result<Arc<str>, String>,
}

/// The scheduler, and what it watches.
pub(super) fn controller(reflectors: &Reflectors, recorder: Recorder) -> (Scheduler, Inputs<Input>) {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of(), Input::Pod);
    inputs.watch(&reflectors.of(), Input::Node);
    inputs.watch(&reflectors.of(), Input::Namespace);
    let scheduler = Scheduler {
        pods: Collection::new(reflectors.client().clone(), Resource::of::<Pod>()),
        recorder,
        state: State::default(),
    };
    (scheduler, inputs)
}

impl Reconciler for Scheduler {
    type Change = Input;
    type Key = ObjectName;
    type Plan = Decision;
    type Error = RequestError;

    const CONCURRENT: usize = 16;
    const FAILED: &'static str = "cannot bind a Pod, or say why it is not bound";

    fn observe(&mut self, change: Input) -> Vec<ObjectName> {
        match change {
            Input::Pod(change) => self.state.pod(change),
            Input::Node(change) => self.state.node(change),
            Input::Namespace(change) => self.state.namespace(change),
        }
    }

    /// One Pod after the other; each sees the decisions before it.
    fn plan(&mut self, due: Vec<ObjectName>) -> Vec<(ObjectName, Decision)> {
        let pods = self.state.in_order(&due);
        if pods.is_empty() {
            return Vec::new();
        }
        let mut snapshot = self.state.snapshot();
        let decided = pods.into_iter().map(|pod| {
            let node = decide(&pod, &snapshot);
            if let Ok(node) = &node {
                snapshot.put(self.state.assume(&pod, node));
            }
            (pod.object_name(), Decision { pod, node })
        });
        decided.collect()
    }

    async fn apply(&self, _: &ObjectName, decision: &mut Decision) -> Result<Next, RequestError> {
        match &decision.node {
            Ok(node) => self.bind(&decision.pod, node).await?,
            Err(message) => self.refuse(&decision.pod, message).await?,
        }
        Ok(Next::Done)
    }

    fn settle(&mut self, _: &ObjectName, decision: Decision, result: &Result<Next, RequestError>) {
        if result.is_err() {
            self.state.forget(&decision.pod);
        }
    }
}

impl Scheduler {
    async fn bind(&self, pod: &Pod, node: &str) -> Result<(), RequestError> {
        let name = pod.object_name();
        let binding = json!({
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": &*name.name, "namespace": &*name.namespace, "uid": &*pod.metadata.uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        });
        match self.pods.create_part(&name, "binding", &binding).await {
            Ok(()) => {
                let note = format!("Successfully assigned {name} to {node}");
                self.report(pod, Severity::Normal, "Scheduled", "Binding", note);
                Ok(())
            }
            // Gone, or somebody else has bound it: the watch will say.
            Err(error) if error.is_not_found() || error.is_conflict() => {
                debug!(pod = %name, %error, "not bound");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Says that no node suits, unless that has been said already.
    async fn refuse(&self, pod: &Pod, message: &str) -> Result<(), RequestError> {
        // Every change of a node makes all waiting Pods due: the same refusal must not be written each time.
        let before = condition(&pod.conditions, "PodScheduled").filter(|one| &*one.status == "False");
        if before.is_some_and(|one| &*one.message == message) {
            return Ok(());
        }
        let since = before.and_then(|one| one.last_transition_time);
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let patch = json!({"metadata": {"uid": &*pod.metadata.uid}, "status": {"conditions": [{
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastProbeTime": null,
            "lastTransitionTime": since.map_or(now, |since| since.to_string()),
        }]}});
        let name = pod.object_name();
        ignore_not_found(self.pods.strategic_part(&name, "status", &patch).await)?;
        self.report(
            pod,
            Severity::Warning,
            "FailedScheduling",
            "Scheduling",
            message.to_owned(),
        );
        Ok(())
    }

    fn report(
        &self,
        pod: &Pod,
        severity: Severity,
        reason: &'static str,
        action: &'static str,
        note: String,
    ) {
        self.recorder.report(Report {
            regarding: ObjectReference::of::<Pod>(&pod.metadata),
            severity,
            reason,
            action,
            note,
        });
    }
}
