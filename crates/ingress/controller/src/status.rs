//! Writes the addresses of served Ingresses into their status.

use std::collections::BTreeMap;

use kinglet_ingress_providers::{ClusterView, status};
use kinglet_kube::{Client, Next, Reconciler, RequestError, Source};
use kinglet_model::{Ingress, IngressStatus, LoadBalancerIngress, ObjectName};
use serde_json::json;
use tokio::sync::watch;

/// Field manager of statuses and source of Events.
pub const COMPONENT: &str = "kinglet-ingress";

/// The statuses that differ from what Ingresses have.
type Statuses = BTreeMap<ObjectName, IngressStatus>;

/// Tells the writer what to write.
pub(crate) struct WantedStatus(watch::Sender<Statuses>);

/// Where the writer learns it.
pub(crate) struct StatusChanges(watch::Receiver<Statuses>);

/// A watch channel and not a queue: statuses that were superseded before they were written are not written.
pub(crate) fn channel() -> (WantedStatus, StatusChanges) {
    let (wanted, changes) = watch::channel(Statuses::new());
    (WantedStatus(wanted), StatusChanges(changes))
}

impl WantedStatus {
    /// Sets which of the served Ingresses need another status than they have.
    pub(crate) fn set(&self, published: &[LoadBalancerIngress], served: &[ObjectName], view: &ClusterView) {
        let differing = served.iter().filter_map(|name| {
            let ingress = view.ingresses.get(name)?;
            Some((name.clone(), status::desired(published, &ingress.status)?))
        });
        self.0.send_replace(differing.collect());
    }
}

impl StatusChanges {
    /// The same for another writer, which is told at once what is wanted now.
    pub(crate) fn for_writer(&self) -> Self {
        let mut receiver = self.0.clone();
        receiver.mark_changed();
        Self(receiver)
    }
}

impl Source for StatusChanges {
    type Change = Statuses;

    async fn next(&mut self) -> Vec<Statuses> {
        if self.0.changed().await.is_err() {
            // The controller has ended; whoever runs the writer ends it, too.
            std::future::pending::<()>().await;
        }
        vec![self.0.borrow_and_update().clone()]
    }

    fn is_synced(&self) -> bool {
        true
    }
}

/// Brings statuses to what is wanted.
pub(crate) struct StatusWriter {
    client: Client,
    wanted: Statuses,
}

impl StatusWriter {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            wanted: Statuses::new(),
        }
    }
}

impl Reconciler for StatusWriter {
    type Change = Statuses;
    type Key = ObjectName;
    type Plan = IngressStatus;
    type Error = RequestError;

    const FAILED: &'static str = "cannot write the status of an Ingress";

    fn observe(&mut self, change: Statuses) -> Vec<ObjectName> {
        self.wanted = change;
        self.wanted.keys().cloned().collect()
    }

    fn plan(&mut self, due: Vec<ObjectName>) -> Vec<(ObjectName, IngressStatus)> {
        // A key that is due after a failure but wanted no more (the Ingress is gone, or has it) has no plan.
        let wanted = |name: ObjectName| {
            let status = self.wanted.get(&name)?.clone();
            Some((name, status))
        };
        due.into_iter().filter_map(wanted).collect()
    }

    async fn apply(&self, name: &ObjectName, status: &mut IngressStatus) -> Result<Next, RequestError> {
        let body = json!({"loadBalancer": {"ingress": status.addresses}});
        kinglet_kube::status::patch::<Ingress>(&self.client, name, &body, COMPONENT).await?;
        Ok(Next::Done)
    }
}
