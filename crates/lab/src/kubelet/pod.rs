//! The life of one pod on its node: sandbox, containers, status, end.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kinglet_kube::Backoff;
use kinglet_kube::Severity::{Normal, Warning};
use tokio::sync::watch;

use super::console::Consoles;
use super::container::Stop;
use super::context::{NodeContext, PodContext};
use super::sandbox::{self, Sandbox, SandboxError};
use super::spec::Pod;
use super::state::{ContainerState, PodState, Shared};
use super::{containers, limits, publisher};

/// What is wanted of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Running,
    /// It is being deleted and has this time.
    Ended(Duration),
    /// Its object is gone, or the lab ends.
    Gone,
}

/// One pod.
pub(crate) struct Worker {
    node: Arc<NodeContext>,
    pod: Arc<Pod>,
    wanted: watch::Receiver<Wanted>,
    /// Counts how often somebody killed the pod's sandbox.
    kills: watch::Receiver<u64>,
    /// Tells whoever looks into the pod of its sandbox.
    entered: watch::Sender<Option<PodContext>>,
    state: Shared,
}

/// How the life of a sandbox ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing runs any more, or shall run.
    Over,
    /// The sandbox was killed and the pod starts again in a new one.
    Again,
}

impl Worker {
    pub(crate) fn new(
        node: Arc<NodeContext>,
        pod: Arc<Pod>,
        wanted: watch::Receiver<Wanted>,
        kills: watch::Receiver<u64>,
        entered: watch::Sender<Option<PodContext>>,
    ) -> Self {
        Self {
            state: Shared::new(initial(&pod)),
            node,
            pod,
            wanted,
            kills,
            entered,
        }
    }

    /// What the pod is doing.
    pub(crate) fn state(&self) -> Shared {
        self.state.clone()
    }

    /// Lives until the pod is gone.
    pub(crate) async fn run(mut self) {
        let state = self.state.clone();
        self.tell_limits();
        let publisher = tokio::spawn(publisher::publish(
            self.node.clone(),
            self.pod.clone(),
            state.clone(),
        ));
        while let Some(sandbox) = self.sandbox().await {
            let context = self.enter(&sandbox, &state);
            self.entered.send_replace(Some(context.clone()));
            let outcome = self.live(&context).await;
            self.entered.send_replace(None);
            sandbox.tear_down(&self.node).await;
            if outcome == Outcome::Over {
                break;
            }
            let note = "Pod sandbox changed, it will be killed and re-created.".to_owned();
            self.node.report(&self.pod, Normal, "SandboxChanged", note);
            state.change(restarted);
        }
        self.until(|wanted| wanted != Wanted::Running).await;
        // The last status is written by what lets the object go: two writers would overwrite each other.
        publisher.abort();
        self.remove(&state).await;
    }

    fn tell_limits(&self) {
        let all = limits::limits(&self.pod);
        if !all.is_empty() {
            self.node.report(&self.pod, Normal, "LabLimits", all.join("; "));
        }
    }

    async fn until(&mut self, condition: impl Fn(Wanted) -> bool) -> Wanted {
        match self.wanted.wait_for(|wanted| condition(*wanted)).await {
            Ok(wanted) => *wanted,
            Err(_) => Wanted::Gone,
        }
    }

    /// Sets the pod's sandbox up, as often as it takes. `None` when the pod is no longer wanted.
    async fn sandbox(&mut self) -> Option<Sandbox> {
        let mut backoff = Backoff::new();
        loop {
            if *self.wanted.borrow() != Wanted::Running {
                return None;
            }
            match Sandbox::set_up(&self.node, &self.pod).await {
                Ok(sandbox) => return Some(sandbox),
                Err(error) => self.tell_failure(&error),
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.pause()) => {}
                _ = self.wanted.changed() => {}
            }
        }
    }

    fn tell_failure(&self, error: &SandboxError) {
        let note = format!("Failed to create pod sandbox: {error}");
        self.node
            .report(&self.pod, Warning, "FailedCreatePodSandBox", note);
    }

    /// What the pod's tasks share in a sandbox.
    fn enter(&self, sandbox: &Sandbox, state: &Shared) -> PodContext {
        let place = sandbox.place.clone();
        state.change(|state| state.addresses.clone_from(&place.description.addresses));
        PodContext {
            node: self.node.clone(),
            pod: self.pod.clone(),
            place,
            state: state.clone(),
            consoles: Consoles::default(),
        }
    }

    /// Runs the containers until they are over or somebody ends them.
    async fn live(&mut self, context: &PodContext) -> Outcome {
        let stop = Stop::default();
        // Somebody meant the sandbox before.
        self.kills.mark_unchanged();
        let all = containers::run(context.clone(), stop.clone());
        tokio::pin!(all);
        loop {
            tokio::select! {
                () = &mut all => return Outcome::Over,
                wanted = self.wanted.changed() => match (wanted, *self.wanted.borrow()) {
                    (Ok(()), Wanted::Running) => {}
                    (Ok(()), Wanted::Ended(grace)) if !grace.is_zero() => stop.within(grace),
                    _ => stop.now.cancel(),
                },
                killed = self.kills.changed() => {
                    stop.now.cancel();
                    all.await;
                    let again = killed.is_ok() && *self.wanted.borrow() == Wanted::Running;
                    return if again { Outcome::Again } else { Outcome::Over };
                }
            }
        }
    }

    /// Writes the last status and lets the object go, when the API server can be reached; then forgets the
    /// pod.
    async fn remove(&mut self, state: &Shared) {
        let (node, pod) = (self.node.clone(), self.pod.clone());
        let gone = self.until(|wanted| wanted == Wanted::Gone);
        tokio::select! {
            _ = gone => {}
            () = publisher::delete(&node, &pod, state) => {}
        }
        sandbox::remove_files(&self.node, &self.pod);
    }
}

fn initial(pod: &Pod) -> PodState {
    let states = |containers: &[super::spec::Container]| {
        containers
            .iter()
            .map(|container| ContainerState::new(&container.name, &container.image))
            .collect()
    };
    PodState {
        addresses: Vec::new(),
        started: Timestamp::now(),
        initialized: false,
        init_containers: states(&pod.spec.init_containers),
        containers: states(&pod.spec.containers),
    }
}

/// In a new sandbox everything begins again.
fn restarted(state: &mut PodState) {
    state.initialized = false;
    state.addresses.clear();
    for container in state.init_containers.iter_mut().chain(&mut state.containers) {
        let fresh = ContainerState::new(&container.name, &container.image);
        let last = container.ended().cloned().or_else(|| container.last.take());
        let restarts = container.restarts + 1;
        *container = ContainerState {
            last,
            restarts,
            ..fresh
        };
    }
}
