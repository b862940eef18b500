//! ReplicaSets: as many Pods of a template as wanted.
//!
//! In: ReplicaSets and Pods. [`state`] keeps them, [`plan`] is the pure rule, [`rank`] the order in which surplus Pods go. Out: writes,
//! retried per ReplicaSet; a plan waits until the watch has shown the writes of the one before.

mod plan;
mod rank;
mod state;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use kinglet_kube::{Client, Reflector, RequestError, status};
use kinglet_model::ObjectName;
use serde_json::json;
use tracing::{debug, warn};

use self::plan::{Plan, plan};
use self::state::State;
use super::expected::{self, Done};
use super::objects::{Owner, Pod, ReplicaSet};
use super::pods::PodWriter;
use super::template;
use crate::progress::Progress;
use crate::queue::Queue;
use crate::watched::Watched;

/// Name of the controller in Events and as field manager.
pub(super) const COMPONENT: &str = "replicaset-controller";
/// ReplicaSets whose writes run at the same time.
const CONCURRENT: usize = 8;
/// Pods that one plan makes or deletes at most.
const BURST: usize = 500;

/// Runs for ever.
pub(super) async fn run(
    client: Client,
    caches: (Reflector<ReplicaSet>, Reflector<Pod>),
    writer: PodWriter,
    mut progress: Progress,
) {
    let (mut sets, mut pods) = (Watched::of(&caches.0), Watched::of(&caches.1));
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
            names = controller.queue.take(), if progress.is_synced() => {
                controller.work(names).await;
                None
            }
        };
        let concerned = concerned.into_iter().flatten();
        concerned.for_each(|name| controller.queue.mark(name));
        progress.update(sets.synced && pods.synced);
    }
}

struct Controller {
    client: Client,
    writer: PodWriter,
    state: State,
    queue: Queue<ObjectName>,
}

impl Controller {
    async fn work(&mut self, names: Vec<ObjectName>) {
        let attempts = names.into_iter().map(|name| self.attempt(name));
        let attempts: Vec<_> = futures::stream::iter(attempts)
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

    async fn attempt(
        &self,
        name: ObjectName,
    ) -> (ObjectName, Arc<str>, Done, Result<Option<Duration>, RequestError>) {
        let mut done = Done::default();
        let Some(set) = self.state.get(&name) else {
            return (name, Arc::from(""), done, Ok(None));
        };
        let settled = !self.state.expected.is_waiting(&set.metadata.uid);
        let plan = plan(&set, &self.state.pods_of(&name), settled, Timestamp::now());
        let result = self.apply(&set, &plan, &mut done).await;
        (name, set.metadata.uid.clone(), done, result.map(|()| plan.again))
    }

    async fn apply(&self, set: &ReplicaSet, plan: &Plan, done: &mut Done) -> Result<(), RequestError> {
        let meta = &set.metadata;
        for pod in &plan.claim.release {
            self.writer.release(meta, pod).await?;
        }
        for pod in &plan.claim.adopt {
            self.writer.adopt::<ReplicaSet>(meta, pod).await?;
        }
        let owner = Owner::reference::<ReplicaSet>(meta);
        let pod = template::pod(&set.template, &meta.name, owner);
        let missing = std::iter::repeat_n(&pod, plan.create.min(BURST));
        let surplus = plan.delete.iter().take(BURST);
        let written = match self.writer.create_all::<ReplicaSet>(meta, missing, done).await {
            Ok(()) => self.writer.delete_all::<ReplicaSet>(meta, surplus, done).await,
            failed => failed,
        };
        if plan.status != set.status {
            let name = meta.object_name();
            let status = json!(plan.status);
            status::patch::<ReplicaSet>(&self.client, &name, &status, COMPONENT).await?;
        }
        written
    }
}

/// A conflict only means that the cache is behind; the retry sees more.
fn report(set: &ObjectName, error: &RequestError) {
    if error.is_conflict() || error.is_not_found() {
        debug!(%set, %error, "replica set has changed meanwhile; trying again");
    } else {
        warn!(%set, %error, "cannot bring replica set in line; trying again");
    }
}
