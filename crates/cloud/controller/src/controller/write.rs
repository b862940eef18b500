//! Writes plans to the API server, with their Events.

use kinglet_kube::{Client, Collection, ObjectReference, Recorder, Report, RequestError, Resource, Severity};
use kinglet_model::{Node, Object};
use serde_json::{Value, json};
use tracing::info;

use crate::metrics::Metrics;
use kinglet_cloud_rules::{Initialization, NodePlan};

pub(super) struct Writer {
    nodes: Collection,
    recorder: Recorder,
    metrics: Metrics,
}

impl Writer {
    pub(super) fn new(client: &Client, recorder: Recorder, metrics: Metrics) -> Self {
        Self {
            nodes: Collection::new(client.clone(), Resource::of::<Node>()),
            recorder,
            metrics,
        }
    }

    /// Writes what a Node needs first. The taint goes only when the watch has brought the addresses back: a
    /// Pod that is scheduled at once may use host addresses.
    pub(super) async fn apply(&self, node: &Node, plan: &NodePlan) -> Result<(), RequestError> {
        let written = match (&plan.addresses, &plan.initialization) {
            (Some(addresses), _) => self.write_addresses(node, &json!(addresses)).await,
            (None, Some(initialization)) => self.initialize(node, initialization).await,
            (None, None) => Ok(()),
        };
        match written {
            // The Node was deleted meanwhile: nothing is left to write.
            Err(error) if error.is_not_found() => Ok(()),
            written => written,
        }
    }

    /// As a merge patch, which replaces the list as a whole: a strategic merge patch merges addresses by
    /// type, and a Node with two InternalIPs would keep old ones. The uid keeps the patch off a Node that was
    /// deleted and registered again.
    async fn write_addresses(&self, node: &Node, addresses: &Value) -> Result<(), RequestError> {
        let name = node.object_name();
        let patch = json!({
            "metadata": {"uid": &*node.metadata.uid},
            "status": {"addresses": addresses},
        });
        self.nodes.merge_part(&name, "status", &patch).await?;
        self.metrics.count_address_write();
        info!(node = %name, %addresses, "addresses written");
        Ok(())
    }

    /// With the resource version, because a merge patch replaces the list of taints: one that another
    /// controller adds meanwhile must not get lost.
    async fn initialize(&self, node: &Node, wanted: &Initialization) -> Result<(), RequestError> {
        let name = node.object_name();
        self.nodes.merge(&name, &patch(node, wanted)).await?;
        self.metrics.count_initialization();
        info!(node = %name, "node initialized");
        self.recorder.report(Report {
            regarding: ObjectReference::of::<Node>(&node.metadata),
            severity: Severity::Normal,
            reason: "Synced",
            action: "Initializing",
            note: "Node synced successfully".to_owned(),
        });
        Ok(())
    }
}

/// The merge patch (RFC 7396) of an initialisation.
fn patch(node: &Node, wanted: &Initialization) -> Value {
    let mut patch = json!({
        "metadata": {
            // The API server refuses both where they differ, and the next plan sees what has changed.
            "uid": &*node.metadata.uid,
            "resourceVersion": &*node.metadata.resource_version,
            "labels": wanted.labels,
        },
        "spec": {"taints": wanted.taints},
    });
    // As a kubelet's Node without taints has it; an empty list would be kept as one.
    if wanted.taints.is_empty() {
        patch["spec"]["taints"] = Value::Null;
    }
    if let Some(provider_id) = &wanted.provider_id {
        patch["spec"]["providerID"] = provider_id.as_str().into();
    }
    patch
}
