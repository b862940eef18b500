//! The controllers that an API server needs beside it to be useful, and that a cluster's
//! kube-controller-manager would run.
//!
//! - [`endpoints`]: EndpointSlices and Endpoints of Services, and mirrored Endpoints;
//! - [`garbage`]: objects whose owners are gone, and the order in which owners and dependents go;
//! - [`namespaces`]: emptying of namespaces that are being deleted;
//! - [`accounts`]: the ServiceAccount `default` of every namespace;
//! - [`root_ca`]: the ConfigMap `kube-root-ca.crt` of every namespace;
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
mod presence;
mod root_ca;

use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{Client, Controllers, Recorder, Reflectors};
use tokio_util::sync::CancellationToken;

/// Settings of the controllers.
#[derive(Clone, Debug)]
pub struct ControllerSettings {
    /// Name of this process in the Events that it writes (`reportingInstance`): the host's name.
    pub instance: String,
    /// How long an Event is kept after its last occurrence.
    pub event_ttl: Duration,
    /// The certificate of the API server's authority (PEM), which every namespace gets; without it none does.
    pub authority: Option<Arc<str>>,
}

impl Default for ControllerSettings {
    fn default() -> Self {
        Self {
            instance: "localhost".to_owned(),
            event_ttl: Duration::from_secs(3600),
            authority: None,
        }
    }
}

/// Starts all controllers; they run until `stop` is cancelled, whether the answer is awaited or not. The
/// answer comes when all of them have seen everything that existed at the start, or were stopped.
pub fn spawn(
    client: &Client,
    settings: &ControllerSettings,
    stop: &CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let controllers = Controllers::new(stop.clone());
    let reflectors = Reflectors::new(client.clone(), stop.clone());
    let source = settings.instance.clone();
    let recorder = Recorder::spawn(client.clone(), garbage::COMPONENT, source, stop.clone());
    controllers.start(endpoints::controller(&reflectors));
    controllers.start(garbage::controller(client.clone(), recorder, stop.clone()));
    controllers.start(namespaces::controller(&reflectors));
    controllers.start(accounts::controller(&reflectors));
    if let Some(authority) = &settings.authority {
        controllers.start(root_ca::controller(&reflectors, authority.clone()));
    }
    controllers.spawn(events::run(client.clone(), settings.event_ttl));
    controllers.synced()
}
