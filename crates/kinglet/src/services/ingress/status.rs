//! Writes the addresses of served Ingresses into their status.

use std::time::Duration;

use kinglet_ingress_providers::{ClusterView, status};
use kinglet_kube::Client;
use kinglet_model::{Ingress, IngressStatus, LoadBalancerIngress, ObjectName};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::COMPONENT;

/// Pause before a write that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

type Wanted = Vec<(ObjectName, IngressStatus)>;

/// Writes in the background, so that a slow API server never delays routing.
pub(super) struct StatusWriter {
    published: Vec<LoadBalancerIngress>,
    wanted: watch::Sender<Wanted>,
}

impl StatusWriter {
    pub(super) fn spawn(
        client: Client,
        published: Vec<LoadBalancerIngress>,
        stop: CancellationToken,
    ) -> Self {
        let (wanted, changes) = watch::channel(Wanted::new());
        tokio::spawn(async move {
            tokio::select! {
                () = write_forever(client, changes) => {}
                () = stop.cancelled() => {}
            }
        });
        Self { published, wanted }
    }

    /// Sets which of the served Ingresses need another status than they have.
    pub(super) fn update(&self, served: &[ObjectName], view: &ClusterView) {
        let differing = served.iter().filter_map(|name| {
            let ingress = view.ingresses.get(name)?;
            Some((name.clone(), status::desired(&self.published, &ingress.status)?))
        });
        self.wanted.send_replace(differing.collect());
    }
}

async fn write_forever(client: Client, mut changes: watch::Receiver<Wanted>) {
    while changes.changed().await.is_ok() {
        loop {
            let wanted = changes.borrow_and_update().clone();
            if write(&client, wanted).await {
                break;
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Writes all; whether all succeeded.
async fn write(client: &Client, wanted: Wanted) -> bool {
    let mut complete = true;
    for (name, status) in wanted {
        let body = json!({"loadBalancer": {"ingress": status.addresses}});
        if let Err(error) = kinglet_kube::status::patch::<Ingress>(client, &name, &body, COMPONENT).await {
            warn!(ingress = %name, %error, "cannot write status");
            complete = false;
        }
    }
    complete
}
