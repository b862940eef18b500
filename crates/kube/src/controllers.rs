//! Several controllers of a process, started together.

use std::convert::Infallible;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{Reconciler, Source, control};

/// Starts controllers, and knows when all of them are synced.
#[derive(Debug)]
pub struct Controllers {
    stop: CancellationToken,
    /// Held by each controller until it is synced.
    starting: mpsc::Sender<Infallible>,
    started: mpsc::Receiver<Infallible>,
}

impl Controllers {
    /// None yet. They run until `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        // Nothing is ever sent: the channel ends when the last controller has let its sender go.
        let (starting, started) = mpsc::channel(1);
        Self {
            stop,
            starting,
            started,
        }
    }

    /// Starts a controller on what it watches.
    pub fn start<R, S>(&self, (reconciler, source): (R, S))
    where
        R: Reconciler + 'static,
        S: Source<Change = R::Change> + 'static,
    {
        let starting = self.starting.clone();
        self.spawn(control(reconciler, source, move || drop(starting)));
    }

    /// Starts a task that is no controller, and that nobody waits for.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        spawn_until(self.stop.clone(), Box::pin(task));
    }

    /// Waits until all controllers have seen everything that existed at the start, or were stopped. They run
    /// whether this is awaited or not.
    pub fn synced(self) -> impl Future<Output = ()> + Send + 'static {
        let Self {
            starting,
            mut started,
            ..
        } = self;
        drop(starting);
        async move {
            started.recv().await;
        }
    }
}

/// Not generic, so that the runtime's part of a task is compiled once for all controllers.
fn spawn_until(stop: CancellationToken, task: BoxFuture<'static, ()>) {
    tokio::spawn(async move { stop.run_until_cancelled(task).await });
}
