//! The controllers that an API server needs beside it to be useful, and that a cluster's
//! kube-controller-manager would run.
//!
//! - [`endpoints`]: EndpointSlices and Endpoints of Services, and mirrored Endpoints;
//! - [`garbage`]: objects whose owners are gone, and the order in which owners and dependents go;
//! - [`namespaces`]: emptying of namespaces that are being deleted;
//! - [`accounts`]: the ServiceAccount `default` of every namespace;
//! - [`events`]: Events that nobody needs any more.
//!
//! Each is a pure core (from objects to wanted writes) in a thin shell that watches, writes and retries. A
//! write happens only where something differs; all decisions come from the present state, so that restarts
//! and lost watches lead to the same result.
//!
//! Invariant: ordinary API clients that know nothing of the embedded server; they do the same on any other.

mod accounts;
mod endpoints;
mod events;
mod garbage;
mod namespaces;

use std::convert::Infallible;
use std::time::Duration;

use kinglet_kube::{Client, Reconciler, Recorder, Reflectors, Source, control};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Settings of the controllers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of this process in the Events that it writes (`reportingInstance`): the host's name.
    pub instance: String,
    /// How long an Event is kept after its last occurrence.
    pub event_ttl: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            instance: "localhost".to_owned(),
            event_ttl: Duration::from_secs(3600),
        }
    }
}

/// Starts all controllers; they run until `stop` is cancelled, whether the answer is awaited or not. The
/// answer comes when all of them have seen everything that existed at the start, or were stopped.
pub fn spawn(
    client: &Client,
    settings: &Settings,
    stop: &CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let (starting, mut started) = mpsc::channel(1);
    let start = Start { stop, starting };
    let reflectors = Reflectors::new(client.clone(), stop.clone());
    let source = settings.instance.clone();
    let recorder = Recorder::spawn(client.clone(), garbage::COMPONENT, source, stop.clone());
    start.controller(endpoints::controller(&reflectors));
    start.controller(garbage::controller(client.clone(), recorder, stop.clone()));
    start.controller(namespaces::controller(&reflectors));
    start.controller(accounts::controller(&reflectors));
    start.task(events::run(client.clone(), settings.event_ttl));
    // Nothing is sent: the channel ends when the last controller has let its sender go.
    async move {
        started.recv().await;
    }
}

/// What controllers are started with.
struct Start<'a> {
    stop: &'a CancellationToken,
    /// Held by each controller until it is synced.
    starting: mpsc::Sender<Infallible>,
}

impl Start<'_> {
    fn controller<R, S>(&self, (reconciler, source): (R, S))
    where
        R: Reconciler + 'static,
        S: Source<Change = R::Change> + 'static,
    {
        let starting = self.starting.clone();
        self.task(control(reconciler, source, move || drop(starting)));
    }

    fn task(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(task).await });
    }
}
