//! Deployments: from one Pod template to the next without a gap.
//!
//! In: Deployments and ReplicaSets. [`plan`] is the pure rule and takes one step at a time: [`sets`] tells
//! the new ReplicaSet from old ones, [`rolling`] computes sizes, [`revision`] numbers and tidies, [`status`]
//! tells how far it is. Out: [`write`]s, retried per Deployment.

mod plan;
mod revision;
mod rolling;
mod sets;
mod status;
mod write;

use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use kinglet_kube::{Client, Queue, Recorder, Reflector, RequestError};
use kinglet_model::{Object, ObjectName};
use tracing::{debug, warn};

use self::plan::plan;
use self::write::Writer;
use super::objects::{Deployment, ReplicaSet};
use super::store::Store;
use kinglet_controllers::Progress;
use kinglet_controllers::{Change, Watched};

/// Name of the controller in Events and as field manager.
pub(super) const COMPONENT: &str = "deployment-controller";
/// Deployments whose writes run at the same time.
const CONCURRENT: usize = 8;

/// Runs for ever.
pub(super) async fn run(
    client: Client,
    caches: (Reflector<Deployment>, Reflector<ReplicaSet>),
    recorder: Recorder,
    mut progress: Progress,
) {
    let (mut deployments, mut sets) = (Watched::of(&caches.0), Watched::of(&caches.1));
    let mut controller = Controller {
        writer: Writer::new(client, recorder),
        state: State::default(),
        queue: Queue::new(),
    };
    loop {
        let state = &mut controller.state;
        let concerned = tokio::select! {
            biased;
            change = deployments.next() => change.map(|change| state.deployment(change)),
            change = sets.next() => change.map(|change| state.set(change)),
            names = controller.queue.take(), if progress.is_synced() => {
                controller.work(names).await;
                None
            }
        };
        let concerned = concerned.into_iter().flatten();
        concerned.for_each(|name| controller.queue.mark(name));
        progress.update(deployments.synced && sets.synced);
    }
}

struct Controller {
    writer: Writer,
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
        for (name, result) in attempts {
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

    async fn attempt(&self, name: ObjectName) -> (ObjectName, Result<Option<Duration>, RequestError>) {
        let Some(deployment) = self.state.deployments.get(&name) else {
            return (name, Ok(None));
        };
        let plan = plan(
            deployment,
            self.state.sets.within(&name.namespace),
            Timestamp::now(),
        );
        let again = plan.again;
        let result = self.writer.apply(deployment, plan).await;
        (name, result.map(|()| again))
    }
}

/// A conflict only means that the cache is behind; the retry sees more.
fn report(deployment: &ObjectName, error: &RequestError) {
    if error.is_conflict() || error.is_not_found() {
        debug!(%deployment, %error, "deployment has changed meanwhile; trying again");
    } else {
        warn!(%deployment, %error, "cannot bring deployment in line; trying again");
    }
}

#[derive(Default)]
struct State {
    deployments: Store<Deployment>,
    sets: Store<ReplicaSet>,
}

impl State {
    fn deployment(&mut self, change: Change<Deployment>) -> Vec<ObjectName> {
        let name = change.0.clone();
        self.deployments.take(change);
        vec![name]
    }

    /// The Deployments that a change of a ReplicaSet concerns: those that control it now or before, and for
    /// one without a controller those that select it.
    fn set(&mut self, change: Change<ReplicaSet>) -> Vec<ObjectName> {
        let namespace = change.0.namespace.clone();
        let states = self.sets.take(change);
        let concerns = |deployment: &Deployment| {
            let selector = deployment.selector.as_ref();
            states.iter().any(|set| match &set.owner {
                Some(owner) => owner.uid == deployment.metadata.uid,
                None => selector.is_some_and(|one| one.matches(&set.metadata.labels)),
            })
        };
        let deployments = self.deployments.within(&namespace);
        deployments
            .filter(|one| concerns(one))
            .map(|one| one.object_name())
            .collect()
    }
}
