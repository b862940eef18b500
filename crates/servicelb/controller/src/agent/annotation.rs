//! The annotations of a Node that are about load balancers.

use kinglet_kube::{Client, Collection, RequestError, Resource};
use kinglet_model::{Node, ObjectName};
use kinglet_servicelb_plan::names::{ANNOTATION_HOST_PORTS, ANNOTATION_REFUSED, ANNOTATION_SERVING};
use serde_json::json;

/// The annotations that an agent writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) host_ports: Option<String>,
    pub(super) serving: Option<String>,
    pub(super) refused: Option<String>,
}

impl Report {
    /// What a Node has.
    pub(super) fn of(node: &Node) -> Self {
        let value = |key| node.metadata.annotation(key).map(str::to_owned);
        Self {
            host_ports: value(ANNOTATION_HOST_PORTS),
            serving: value(ANNOTATION_SERVING),
            refused: value(ANNOTATION_REFUSED),
        }
    }
}

/// Writes the annotations of a Node. A Node that is gone needs none.
pub(super) async fn annotate(client: &Client, node: &str, report: &Report) -> Result<(), RequestError> {
    let nodes = Collection::new(client.clone(), Resource::of::<Node>());
    // In a merge patch, null removes an annotation (RFC 7396).
    let annotations = json!({
        ANNOTATION_HOST_PORTS: report.host_ports,
        ANNOTATION_SERVING: report.serving,
        ANNOTATION_REFUSED: report.refused,
    });
    let patch = json!({"metadata": {"annotations": annotations}});
    match nodes.merge(&ObjectName::cluster(node), &patch).await {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}

/// Removes the annotations of a node: it serves no load balancers any more.
///
/// # Errors
/// The API server cannot be reached, or refuses.
pub async fn withdraw(client: &Client, node: &str) -> Result<(), RequestError> {
    annotate(client, node, &Report::default()).await
}
