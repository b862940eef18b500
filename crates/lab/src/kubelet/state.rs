//! What a pod is doing: the state that containers report and that the status is computed from.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting { reason: &'static str, message: String },
    Running { since: Timestamp },
    Terminated(Ended),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Timestamp,
}

/// A container's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContainerState {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) phase: Phase,
    pub(crate) last: Option<Ended>,
    pub(crate) restarts: u32,
    /// The startup probe has succeeded, or there is none and it runs.
    pub(crate) started: bool,
    /// The readiness probe says so, or there is none and it runs.
    pub(crate) ready: bool,
}

impl ContainerState {
    pub(crate) fn new(name: &str, image: &str) -> Self {
        Self {
            name: name.to_owned(),
            image: image.to_owned(),
            phase: Phase::Waiting {
                reason: "PodInitializing",
                message: String::new(),
            },
            last: None,
            restarts: 0,
            started: false,
            ready: false,
        }
    }

    /// How it ended, if it has and stays so.
    pub(crate) fn ended(&self) -> Option<&Ended> {
        match &self.phase {
            Phase::Terminated(ended) => Some(ended),
            _ => None,
        }
    }
}

/// A pod's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodState {
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) started: Timestamp,
    pub(crate) initialized: bool,
    pub(crate) init_containers: Vec<ContainerState>,
    pub(crate) containers: Vec<ContainerState>,
}

/// Which container of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Init(usize),
    Main(usize),
}

/// A pod's state, shared by those who change it and those who wait for changes.
#[derive(Clone)]
pub(crate) struct Shared {
    state: Arc<Mutex<PodState>>,
    changes: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(state: PodState) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
            changes: watch::Sender::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, PodState> {
        // No code that holds the lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present state.
    pub(crate) fn get(&self) -> PodState {
        self.lock().clone()
    }

    /// Changes the state; who waits is woken only when something differs.
    pub(crate) fn change(&self, change: impl FnOnce(&mut PodState)) {
        let mut state = self.lock();
        let before = state.clone();
        change(&mut state);
        let differs = *state != before;
        drop(state);
        if differs {
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// Changes one container's state.
    pub(crate) fn change_container(&self, which: Which, change: impl FnOnce(&mut ContainerState)) {
        self.change(|state| {
            let container = match which {
                Which::Init(index) => state.init_containers.get_mut(index),
                Which::Main(index) => state.containers.get_mut(index),
            };
            if let Some(container) = container {
                change(container);
            }
        });
    }

    /// One container's state.
    pub(crate) fn container(&self, which: Which) -> Option<ContainerState> {
        let state = self.lock();
        match which {
            Which::Init(index) => state.init_containers.get(index).cloned(),
            Which::Main(index) => state.containers.get(index).cloned(),
        }
    }

    /// The state of the container of a name.
    pub(crate) fn named(&self, name: &str) -> Option<ContainerState> {
        let state = self.lock();
        let mut all = state.containers.iter().chain(&state.init_containers);
        all.find(|container| container.name == name).cloned()
    }

    /// Sees every change from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Waits until the state fulfils a condition.
    pub(crate) async fn wait(&self, condition: impl Fn(&PodState) -> bool) {
        let mut changes = self.subscribe();
        while !condition(&self.lock()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
