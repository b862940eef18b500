//! Writes `status` of objects.

use http::Method;
use kinglet_model::{Object, ObjectName};
use kube::Client;
use serde_json::{Value, json};

use crate::resource::Resource;
use crate::write::{MERGE_PATCH, send};

/// Replaces parts of an object's `status` by a merge patch (RFC 7396) of the `status` subresource. The caller
/// compares first: a patch that changes nothing is still a request.
pub async fn patch<K: Object>(
    client: &Client,
    name: &ObjectName,
    status: &Value,
    manager: &str,
) -> Result<(), kube::Error> {
    let uri = format!("{}/status?fieldManager={manager}", Resource::of::<K>().path(name));
    let body = json!({ "status": status });
    send(client, Method::PATCH, uri, MERGE_PATCH, &body).await
}
