//! Owners of Pods: what ReplicaSets, DaemonSets and StatefulSets have in common.
//!
//! In: the owners, Pods and Nodes. [`state`] keeps them; each kind of [`Fleet`] has its pure rule, from an
//! owner and its surroundings to a [`Plan`]. Out: writes, retried per owner; a plan waits until the watch has
//! shown the writes of the one before.

mod state;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use kinglet_kube::{Client, Queue, Reflector, RequestError, Severity, status};
use kinglet_model::{Object, ObjectName, Selector};
use serde_json::Value;
use tracing::{debug, warn};

use self::state::State;
use super::expected::{self, Done};
use super::objects::{Node, Pod};
use super::pods::PodWriter;
use kinglet_controllers::Progress;
use kinglet_controllers::Watched;

/// Owners whose writes run at the same time.
const CONCURRENT: usize = 8;

/// A kind that owns Pods.
pub(super) trait Fleet: Object {
    /// Name of its controller in Events and as field manager.
    const COMPONENT: &'static str;
    /// Whether a change of a node concerns it.
    const FOLLOWS_NODES: bool;

    /// Which Pods are its own.
    fn selector(&self) -> Option<&Selector>;

    /// The writes that it needs now.
    fn plan(&self, around: &Surroundings<'_>, now: Timestamp) -> Plan;
}

/// What an owner sees.
pub(super) struct Surroundings<'a> {
    pub(super) nodes: Vec<&'a Arc<Node>>,
    /// The Pods of its namespace.
    pub(super) pods: Vec<&'a Arc<Pod>>,
    /// Whether the owner's writes are among them; until they are, nothing is to be created or deleted.
    pub(super) settled: bool,
}

/// The writes that an owner needs.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Pods to take over.
    pub(super) adopt: Vec<Arc<Pod>>,
    /// Pods to let go.
    pub(super) release: Vec<Arc<Pod>>,
    /// New Pods.
    pub(super) create: Vec<Value>,
    pub(super) delete: Vec<Arc<Pod>>,
    /// A new status.
    pub(super) status: Option<Value>,
    /// Warnings: reason and text.
    pub(super) warnings: Vec<(&'static str, String)>,
    /// When to look again although nothing changes.
    pub(super) again: Option<Duration>,
}

/// Runs the controller of a kind for ever.
pub(super) async fn run<K: Fleet>(
    client: Client,
    caches: (Reflector<K>, Reflector<Pod>, Reflector<Node>),
    writer: PodWriter,
    mut progress: Progress,
) {
    let (mut owners, mut pods) = (Watched::of(&caches.0), Watched::of(&caches.1));
    let mut nodes = Watched::of(&caches.2);
    let mut controller = Controller::<K> {
        client,
        writer,
        state: State::default(),
        queue: Queue::new(),
    };
    loop {
        let state = &mut controller.state;
        let concerned = tokio::select! {
            biased;
            change = owners.next() => change.map(|change| state.owner(change)),
            change = pods.next() => change.map(|change| state.pod(change)),
            change = nodes.next() => change.map(|change| state.node(change)),
            names = controller.queue.take(), if progress.is_synced() => {
                controller.work(names).await;
                None
            }
        };
        let concerned = concerned.into_iter().flatten();
        concerned.for_each(|name| controller.queue.mark(name));
        progress.update(owners.synced && pods.synced && nodes.synced);
    }
}

struct Controller<K> {
    client: Client,
    writer: PodWriter,
    state: State<K>,
    queue: Queue<ObjectName>,
}

/// What became of an attempt: the owner's name and uid, what was written, and when to look again.
type Attempt = (ObjectName, Arc<str>, Done, Result<Option<Duration>, RequestError>);

impl<K: Fleet> Controller<K> {
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
                    report::<K>(&name, &error);
                    self.queue.retry(name);
                }
            }
        }
    }

    async fn attempt(&self, name: ObjectName) -> Attempt {
        let mut done = Done::default();
        let Some((owner, around)) = self.state.look(&name) else {
            return (name, Arc::from(""), done, Ok(None));
        };
        let plan = owner.plan(&around, Timestamp::now());
        let result = self.apply(owner, &plan, &mut done).await;
        (
            owner.object_name(),
            owner.meta().uid.clone(),
            done,
            result.map(|()| plan.again),
        )
    }

    async fn apply(&self, owner: &K, plan: &Plan, done: &mut Done) -> Result<(), RequestError> {
        let (meta, writer) = (owner.meta(), &self.writer);
        for pod in &plan.release {
            writer.release(meta, pod).await?;
        }
        for pod in &plan.adopt {
            writer.adopt::<K>(meta, pod).await?;
        }
        for (reason, note) in &plan.warnings {
            writer.report::<K>(meta, Severity::Warning, reason, note.clone());
        }
        let written = match writer.create_all::<K>(meta, &plan.create, done).await {
            Ok(()) => writer.delete_all::<K>(meta, &plan.delete, done).await,
            failed => failed,
        };
        if let Some(status) = &plan.status {
            status::patch::<K>(&self.client, &owner.object_name(), status, K::COMPONENT).await?;
        }
        written
    }
}

/// A conflict only means that the cache is behind; the retry sees more.
fn report<K: Fleet>(owner: &ObjectName, error: &RequestError) {
    let kind = K::KIND;
    if error.is_conflict() || error.is_not_found() {
        debug!(kind, name = %owner, %error, "has changed meanwhile; trying again");
    } else {
        warn!(kind, name = %owner, %error, "cannot bring its pods in line; trying again");
    }
}
