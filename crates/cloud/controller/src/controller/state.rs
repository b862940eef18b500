//! The state of a cloud controller, for readiness and logs.

use kinglet_kube::access::Obstacle;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// The state of a cloud controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudState {
    /// It waits for the API server, or for permissions; what was in the way so far.
    Waiting(Vec<String>),
    /// It stands for election: another works.
    Standing,
    /// It works.
    Leading,
}

/// The writing end of a [`CloudState`].
#[derive(Clone, Debug)]
pub(super) struct Progress(watch::Sender<CloudState>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(CloudState::Waiting(Vec::new())))
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<CloudState> {
        self.0.subscribe()
    }

    pub(super) fn set(&self, state: CloudState) {
        self.0.send_replace(state);
    }

    /// Something is in the way.
    pub(super) fn add(&self, obstacle: &Obstacle) {
        self.0.send_modify(|state| {
            if let CloudState::Waiting(obstacles) = state {
                obstacles.push(obstacle.to_string());
            }
        });
    }

    /// Whether anything was in the way.
    pub(super) fn has_waited(&self) -> bool {
        matches!(&*self.0.borrow(), CloudState::Waiting(obstacles) if !obstacles.is_empty())
    }
}

/// A term as leader; it ends when this goes, for whatever reason.
pub(super) struct Term<'a> {
    progress: &'a Progress,
    metrics: &'a Metrics,
}

impl<'a> Term<'a> {
    pub(super) fn begin(progress: &'a Progress, metrics: &'a Metrics) -> Self {
        progress.set(CloudState::Leading);
        metrics.set_leading(true);
        Self { progress, metrics }
    }
}

impl Drop for Term<'_> {
    // The work of a leader that loses the Lease is dropped wherever it waits: only a destructor is sure to
    // run.
    fn drop(&mut self) {
        self.progress.set(CloudState::Standing);
        self.metrics.set_leading(false);
        self.metrics.set_blocked(0);
    }
}
