//! Requests that carry JSON and whose answer matters only as success or failure.

use http::header::CONTENT_TYPE;
use http::{Method, Request};
use kube::Client;
use serde::Serialize;

/// Media type of whole objects.
pub(crate) const JSON: &str = "application/json";
/// Media type of merge patches (RFC 7396).
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
/// Media type of strategic merge patches, which merge lists of built-in kinds by key.
pub(crate) const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";

/// A request with a body of a media type.
pub(crate) fn request(
    method: Method,
    uri: String,
    media_type: &str,
    body: &impl Serialize,
) -> Result<Request<Vec<u8>>, kube::Error> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(CONTENT_TYPE, media_type)
        .body(serde_json::to_vec(body).map_err(kube::Error::SerdeError)?)
        .map_err(kube::Error::HttpError)
}

/// Sends a body of a media type.
pub(crate) async fn send(
    client: &Client,
    method: Method,
    uri: String,
    media_type: &str,
    body: &impl Serialize,
) -> Result<(), kube::Error> {
    let request = request(method, uri, media_type, body)?;
    client.request_text(request).await.map(|_| ())
}
