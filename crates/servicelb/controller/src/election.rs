//! Of all servers one does the work.

use std::path::Path;

use kinglet_kube::{Backoff, Client, Election, Recorder, Reflectors, lead as elect};
use kinglet_model::ObjectName;
use kinglet_servicelb_plan::ServiceLbSettings;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::controller::run;
use crate::remove::remove_all;

/// Name of the Lease, and of the reporter of its Events.
const LEASE: &str = "kinglet-servicelb";
/// Namespace of the Lease.
const NAMESPACE: &str = "kube-system";

/// What the leader does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Runs the controller.
    Serve,
    /// Removes what the controller left (`--disable=servicelb`).
    Remove,
}

/// Stands for election until `stop` is cancelled, and does its duty while it leads. A removal needs the
/// Lease, too: a server that still has the controller enabled would write again what this one removes.
///
/// In the directory `state` of this machine it keeps by what a server that starts again knows its own Lease.
pub async fn lead(
    reflectors: Reflectors,
    settings: ServiceLbSettings,
    duty: Duty,
    state: &Path,
    stop: CancellationToken,
) {
    let lease = ObjectName::new(NAMESPACE, LEASE);
    let election = Election::lasting(lease, &settings.instance, state);
    let client = reflectors.client().clone();
    let recorder = Recorder::spawn(client.clone(), LEASE, settings.instance.clone(), stop.clone());
    let work = |term: CancellationToken| {
        let (reflectors, settings) = (reflectors.clone(), settings.clone());
        async move {
            match duty {
                Duty::Serve => run(&reflectors, settings, term).await,
                Duty::Remove => {
                    remove(reflectors.client(), &settings).await;
                    // Keeps the Lease: every server that took it over would search the whole cluster again.
                    term.cancelled().await;
                }
            }
        }
    };
    elect(client.clone(), election, &recorder, &stop, work).await;
}

/// Removes everything, as often as it takes.
async fn remove(client: &Client, settings: &ServiceLbSettings) {
    let mut backoff = Backoff::new();
    while let Err(error) = remove_all(client, settings).await {
        let pause = backoff.pause();
        warn!(%error, ?pause, "cannot remove what ServiceLB left in the cluster; trying again");
        tokio::time::sleep(pause).await;
    }
    info!("ServiceLB is disabled; everything that it left in the cluster is removed");
}
