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
mod progress;
mod watched;

use std::time::Duration;

use kinglet_kube::{Client, Recorder};
use tokio_util::sync::CancellationToken;

pub use self::progress::{Controllers, Progress};
pub use self::watched::{Change, Watched};

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

/// Starts all controllers; they run until `stop` is cancelled.
pub fn spawn(client: &Client, settings: &Settings, stop: &CancellationToken) -> Controllers {
    let (progress, controllers) = Progress::of(4);
    let source = settings.instance.clone();
    let recorder = Recorder::spawn(client.clone(), garbage::COMPONENT, source, stop.clone());
    let start = |controller| spawn_until(stop, controller);
    start(Box::pin(endpoints::run(
        client.clone(),
        stop.clone(),
        progress.clone(),
    )));
    start(Box::pin(garbage::run(
        client.clone(),
        recorder,
        stop.clone(),
        progress.clone(),
    )));
    start(Box::pin(namespaces::run(
        client.clone(),
        stop.clone(),
        progress.clone(),
    )));
    start(Box::pin(accounts::run(client.clone(), stop.clone(), progress)));
    start(Box::pin(events::run(client.clone(), settings.event_ttl)));
    controllers
}

type Controller = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn spawn_until(stop: &CancellationToken, controller: Controller) {
    let stop = stop.clone();
    tokio::spawn(async move { stop.run_until_cancelled(controller).await });
}
