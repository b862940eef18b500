//! Writes `status` of objects.

use kinglet_model::{Object, ObjectName};
use kube::Client;
use serde_json::Value;

/// Replaces parts of an object's `status` by a merge patch (RFC 7396) of the `status` subresource. The caller compares first: a patch that
/// changes nothing is still a request.
pub async fn patch<K: Object>(
    client: &Client,
    name: &ObjectName,
    status: &Value,
    manager: &str,
) -> Result<(), kube::Error> {
    let root = if K::GROUP.is_empty() {
        format!("/api/{}", K::VERSION)
    } else {
        format!("/apis/{}/{}", K::GROUP, K::VERSION)
    };
    let namespace = if K::NAMESPACED {
        format!("/namespaces/{}", name.namespace)
    } else {
        String::new()
    };
    let uri = format!(
        "{root}{namespace}/{}/{}/status?fieldManager={manager}",
        K::PLURAL,
        name.name
    );
    let body =
        serde_json::to_vec(&serde_json::json!({ "status": status })).map_err(kube::Error::SerdeError)?;
    let request = http::Request::patch(uri)
        .header(http::header::CONTENT_TYPE, "application/merge-patch+json")
        .body(body)
        .map_err(kube::Error::HttpError)?;
    client.request_text(request).await.map(|_| ())
}
