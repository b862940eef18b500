//! Owners of Pods: what ReplicaSets, DaemonSets and StatefulSets have in common.
//!
//! In: the owners, Pods and Nodes. [`state`] keeps them; each kind of [`PodOwner`] has its pure rule, from an
//! owner and its surroundings to a [`PodPlan`]. Out: writes, retried per owner; a plan waits until the watch
//! has shown the writes of the one before.

mod kind;
mod state;

use std::sync::Arc;

use jiff::Timestamp;
use kinglet_kube::{
    Change, Client, Inputs, Next, Reconciler, Recorder, Reflectors, RequestError, Severity, status,
};
use kinglet_model::ObjectName;

pub(super) use self::kind::{PodOwner, PodPlan, Surroundings};
use self::state::State;
use super::expected::{self, Done};
use super::objects::{Node, Pod};
use super::pods::PodWriter;

/// Writes the Pods of one kind of owners.
pub(super) struct Controller<K> {
    client: Client,
    writer: PodWriter,
    state: State<K>,
}

/// A change of a watched object.
pub(super) enum Input<K> {
    Owner(Change<K>),
    Pod(Change<Pod>),
    Node(Change<Node>),
}

/// The controller of a kind, and what it watches.
pub(super) fn controller<K: PodOwner>(
    reflectors: &Reflectors,
    recorder: Recorder,
) -> (Controller<K>, Inputs<Input<K>>) {
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of::<K>(), Input::Owner);
    inputs.watch(&reflectors.of::<Pod>(), Input::Pod);
    if K::FOLLOWS_NODES {
        inputs.watch(&reflectors.of::<Node>(), Input::Node);
    }
    let controller = Controller {
        client: reflectors.client().clone(),
        writer: PodWriter::new(reflectors.client(), recorder),
        state: State::default(),
    };
    (controller, inputs)
}

/// An owner, what it needs, and what was done of it.
pub(super) struct Attempt<K> {
    owner: Arc<K>,
    plan: PodPlan,
    done: Done,
    /// Whether the watch has shown the writes of the attempt before.
    settled: bool,
}

impl<K: PodOwner> Reconciler for Controller<K> {
    type Change = Input<K>;
    type Key = ObjectName;
    type Plan = Attempt<K>;
    type Error = RequestError;

    const FAILED: &'static str = K::FAILED;

    fn observe(&mut self, change: Input<K>) -> Vec<ObjectName> {
        match change {
            Input::Owner(change) => self.state.owner(change),
            Input::Pod(change) => self.state.pod(change),
            Input::Node(change) => self.state.node(change),
        }
    }

    fn plan(&mut self, due: Vec<ObjectName>) -> Vec<(ObjectName, Attempt<K>)> {
        let now = Timestamp::now();
        let attempts = due.into_iter().filter_map(|name| {
            let (owner, around) = self.state.look(&name)?;
            let attempt = Attempt {
                owner: owner.clone(),
                plan: owner.plan(&around, now),
                done: Done::default(),
                settled: around.settled,
            };
            Some((name, attempt))
        });
        attempts.collect()
    }

    async fn apply(&self, _: &ObjectName, attempt: &mut Attempt<K>) -> Result<Next, RequestError> {
        let Attempt {
            owner, plan, done, ..
        } = attempt;
        self.write(owner, plan, done).await?;
        // The watch may never show a write: the Pod came and went while it was away.
        let waits = !attempt.settled || !attempt.done.is_empty();
        let unseen = waits.then_some(expected::PATIENCE);
        Ok(Next::after(attempt.plan.again.into_iter().chain(unseen).min()))
    }

    fn settle(&mut self, _: &ObjectName, attempt: Attempt<K>, _: &Result<Next, RequestError>) {
        let uid = &attempt.owner.meta().uid;
        self.state.expected.note(uid, attempt.done);
    }
}

impl<K: PodOwner> Controller<K> {
    async fn write(&self, owner: &K, plan: &PodPlan, done: &mut Done) -> Result<(), RequestError> {
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
        // The status tells why Pods are missing, so it is written when they could not be created, too.
        if let Some(status) = &plan.status {
            status::patch::<K>(&self.client, &owner.object_name(), status, K::COMPONENT).await?;
        }
        written
    }
}
