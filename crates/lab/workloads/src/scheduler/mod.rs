//! The scheduler: puts Pods on nodes.
//!
//! In: Pods, Nodes, Namespaces. [`state`] keeps them and tells which Pods wait; [`decide`] is the pure rule:
//! [`filter`] finds the suitable nodes ([`spread`] and [`affinity`] look at other Pods), [`score`] the best
//! of them, [`reason`] says why there is none. Out: bindings, and the condition `PodScheduled`.

mod affinity;
mod decide;
mod filter;
mod reason;
mod score;
mod spread;
mod state;
mod view;

use std::sync::Arc;

use futures::StreamExt;
use jiff::Timestamp;
use kinglet_kube::{
    Client, Collection, ObjectReference, Queue, Recorder, Reflector, Report, RequestError, Resource, Severity,
};
use kinglet_model::{Namespace, Object, ObjectName};
use serde_json::json;
use tracing::{debug, warn};

use self::decide::decide;
use self::state::State;
use super::objects::{Node, Pod, condition};
use super::pods::unless_gone;
use kinglet_controllers::Progress;
use kinglet_controllers::Watched;

/// Name of the scheduler in Events.
pub(super) const COMPONENT: &str = "default-scheduler";
/// Writes that run at the same time.
const CONCURRENT: usize = 16;

/// Runs for ever.
pub(super) async fn run(
    client: Client,
    caches: (Reflector<Pod>, Reflector<Node>, Reflector<Namespace>),
    recorder: Recorder,
    mut progress: Progress,
) {
    let (mut pods, mut nodes) = (Watched::of(&caches.0), Watched::of(&caches.1));
    let mut namespaces = Watched::of(&caches.2);
    let mut scheduler = Scheduler {
        pods: Collection::new(client, Resource::of::<Pod>()),
        recorder,
        state: State::default(),
        queue: Queue::new(),
    };
    loop {
        let state = &mut scheduler.state;
        let concerned = tokio::select! {
            biased;
            change = pods.next() => change.map(|change| state.pod(change)),
            change = nodes.next() => change.map(|change| state.node(change)),
            change = namespaces.next() => change.map(|change| state.namespace(change)),
            names = scheduler.queue.take(), if progress.is_synced() => {
                scheduler.work(&names).await;
                None
            }
        };
        let concerned = concerned.into_iter().flatten();
        concerned.for_each(|name| scheduler.queue.mark(name));
        progress.update(pods.synced && nodes.synced && namespaces.synced);
    }
}

struct Scheduler {
    pods: Collection,
    recorder: Recorder,
    state: State,
    queue: Queue<ObjectName>,
}

/// A Pod, and its node or why it has none.
type Decision = (Arc<Pod>, Result<Arc<str>, String>);

impl Scheduler {
    async fn work(&mut self, names: &[ObjectName]) {
        let decisions = self.decide(names);
        let writes = decisions.into_iter().map(|decision| self.write(decision));
        let writes: Vec<_> = futures::stream::iter(writes)
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        for (pod, result) in writes {
            let name = pod.object_name();
            match result {
                Ok(()) => self.queue.succeeded(&name),
                Err(error) => {
                    self.state.free(&pod);
                    report(&name, &error);
                    self.queue.retry(name);
                }
            }
        }
    }

    /// One Pod after the other; each sees the decisions before it.
    fn decide(&mut self, names: &[ObjectName]) -> Vec<Decision> {
        let pods = self.state.in_order(names);
        if pods.is_empty() {
            return Vec::new();
        }
        let mut view = self.state.view();
        let decided = pods.into_iter().map(|pod| {
            let decision = decide(&pod, &view);
            if let Ok(node) = &decision {
                view.put(self.state.assume(&pod, node));
            }
            (pod, decision)
        });
        decided.collect()
    }

    async fn write(&self, (pod, decision): Decision) -> (Arc<Pod>, Result<(), RequestError>) {
        let result = match decision {
            Ok(node) => self.bind(&pod, &node).await,
            Err(message) => self.refuse(&pod, &message).await,
        };
        (pod, result)
    }

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
        unless_gone(self.pods.strategic_part(&name, "status", &patch).await)?;
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

/// A conflict only means that the cache is behind; the retry sees more.
fn report(pod: &ObjectName, error: &RequestError) {
    if error.is_conflict() {
        debug!(%pod, %error, "pod has changed meanwhile; trying again");
    } else {
        warn!(%pod, %error, "cannot write the decision; trying again");
    }
}
