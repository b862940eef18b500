//! DaemonSets: one Pod on every node that suits.
//!
//! In: DaemonSets, Pods and Nodes. [`plan`] is the pure rule: [`eligible`] tells which nodes suit, [`update`] which Pods of an old template
//! go or get a companion. Out: writes, retried per DaemonSet; a plan waits until the watch has shown the writes of the one before. The Pods
//! are pinned to their nodes by node affinity; the scheduler binds them.

mod eligible;
mod plan;
mod state;
mod update;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use kinglet_kube::{Client, Reflector, RequestError, Severity, status};
use kinglet_model::{Object, ObjectName};
use serde_json::{Value, json};
use tracing::{debug, warn};

use self::plan::{Plan, plan};
use self::state::State;
use super::expected::{self, Done};
use super::objects::{DaemonSet, Node, Pod};
use super::pods::PodWriter;
use crate::progress::Progress;
use crate::queue::Queue;
use crate::watched::Watched;

/// Name of the controller in Events and as field manager.
pub(super) const COMPONENT: &str = "daemonset-controller";
/// DaemonSets whose writes run at the same time.
const CONCURRENT: usize = 8;

/// Runs for ever.
pub(super) async fn run(
    client: Client,
    caches: (Reflector<DaemonSet>, Reflector<Pod>, Reflector<Node>),
    writer: PodWriter,
    mut progress: Progress,
) {
    let mut sets = Watched::of(&caches.0);
    let (mut pods, mut nodes) = (Watched::of(&caches.1), Watched::of(&caches.2));
    let mut controller = Controller {
        client,
        writer,
        state: State::default(),
        queue: Queue::new(),
    };
    loop {
        let state = &mut controller.state;
        let concerned = tokio::select! {
            biased;
            change = sets.next() => change.map(|change| state.set(change)),
            change = pods.next() => change.map(|change| state.pod(change)),
            change = nodes.next() => change.map(|change| state.node(change)),
            names = controller.queue.take(), if progress.is_synced() => {
                controller.work(names).await;
                None
            }
        };
        let concerned = concerned.into_iter().flatten();
        concerned.for_each(|name| controller.queue.mark(name));
        progress.update(sets.synced && pods.synced && nodes.synced);
    }
}

struct Controller {
    client: Client,
    writer: PodWriter,
    state: State,
    queue: Queue<ObjectName>,
}

/// What became of an attempt: the DaemonSet's name and uid, what was written, and when to look again.
type Attempt = (ObjectName, Arc<str>, Done, Result<Option<Duration>, RequestError>);

impl Controller {
    async fn work(&mut self, names: Vec<ObjectName>) {
        let attempts = names.into_iter().map(|name| self.attempt(name));
        let attempts: Vec<Attempt> = futures::stream::iter(attempts)
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        for (name, uid, done, result) in attempts {
            if !done.is_empty() {
                self.queue.mark_within(name.clone(), expected::PATIENCE);
            }
            self.state.expected.note(&uid, done);
            match result {
                Ok(again) => {
                    self.queue.succeeded(&name);
                    if let Some(pause) = again {
                        self.queue.mark_within(name, pause);
                    }
                }
                Err(error) => {
                    report(&name, &error);
                    self.queue.retry(name);
                }
            }
        }
    }

    async fn attempt(&self, name: ObjectName) -> Attempt {
        let mut done = Done::default();
        let Some(set) = self.state.get(&name) else {
            return (name, Arc::from(""), done, Ok(None));
        };
        let uid = set.metadata.uid.clone();
        let settled = !self.state.expected.is_waiting(&uid);
        let plan = plan(
            set,
            self.state.nodes(),
            self.state.pods_of(&name),
            settled,
            Timestamp::now(),
        );
        let result = self.apply(set, &plan, &mut done).await;
        (name, uid, done, result.map(|()| plan.again))
    }

    async fn apply(&self, set: &DaemonSet, plan: &Plan, done: &mut Done) -> Result<(), RequestError> {
        let meta = &set.metadata;
        for pod in &plan.release {
            self.writer.release(meta, pod).await?;
        }
        for pod in &plan.adopt {
            self.writer.adopt::<DaemonSet>(meta, pod).await?;
        }
        for pod in plan.delete.iter().filter(|pod| pod.is_finished()) {
            let (pod, node) = (pod.object_name(), &pod.spec.node_name);
            let note = format!("Found failed daemon pod {pod} on node {node}, will try to kill it");
            self.writer
                .report::<DaemonSet>(meta, Severity::Warning, "FailedDaemonPod", note);
        }
        let pods: Vec<Value> = plan.create.iter().map(|node| plan::pod(set, node)).collect();
        let written = match self.writer.create_all::<DaemonSet>(meta, pods, done).await {
            Ok(()) => {
                self.writer
                    .delete_all::<DaemonSet>(meta, &plan.delete, done)
                    .await
            }
            failed => failed,
        };
        if plan.status != set.status {
            let status = json!(plan.status);
            status::patch::<DaemonSet>(&self.client, &meta.object_name(), &status, COMPONENT).await?;
        }
        written
    }
}

/// A conflict only means that the cache is behind; the retry sees more.
fn report(set: &ObjectName, error: &RequestError) {
    if error.is_conflict() || error.is_not_found() {
        debug!(%set, %error, "daemon set has changed meanwhile; trying again");
    } else {
        warn!(%set, %error, "cannot bring daemon set in line; trying again");
    }
}
