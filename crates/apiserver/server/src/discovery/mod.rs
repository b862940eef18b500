//! Discovery: which groups, versions and kinds the server has, in all the forms that clients ask for.

mod aggregated;
mod entry;
mod etag;
mod legacy;
mod openapi;
mod version;

use http::HeaderMap;
use serde_json::Value;

use self::entry::{entries, groups};
use crate::http::{Accept, Answer, Payload, Shape};
use crate::registry::Registry;

pub(crate) use openapi::{Documents, openapi_v2};
pub(crate) use version::version;

/// `/`: the paths below which something is served.
pub(crate) fn root(registry: &Registry) -> Value {
    let mut paths: Vec<String> = vec!["/api".into(), "/api/v1".into(), "/apis".into()];
    for (group, versions) in groups(&entries(registry)) {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|version| format!("/apis/{group}/{version}")));
    }
    paths.extend(["/healthz", "/livez", "/openapi/v3", "/readyz", "/version"].map(str::to_owned));
    serde_json::json!({"paths": paths})
}

/// `/api`.
pub(crate) fn core_versions(registry: &Registry, accept: &Accept, headers: &HeaderMap) -> Answer {
    match &accept.shape {
        Shape::Discovery(version) => aggregated::answer(&entries(registry), version, true, headers),
        _ => Answer::ok(Payload::Value(legacy::core_versions())),
    }
}

/// `/apis`.
pub(crate) fn group_list(registry: &Registry, accept: &Accept, headers: &HeaderMap) -> Answer {
    match &accept.shape {
        Shape::Discovery(version) => aggregated::answer(&entries(registry), version, false, headers),
        _ => Answer::ok(Payload::Value(legacy::group_list(&entries(registry)))),
    }
}

/// `/apis/GROUP`.
pub(crate) fn group(registry: &Registry, name: &str) -> Option<Answer> {
    legacy::group(&entries(registry), name).map(|group| Answer::ok(Payload::Value(group)))
}

/// `/api/v1`, `/apis/GROUP/VERSION`.
pub(crate) fn resources(registry: &Registry, group: &str, version: &str) -> Option<Answer> {
    legacy::resources(&entries(registry), group, version).map(|list| Answer::ok(Payload::Value(list)))
}
