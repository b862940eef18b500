//! Discovery: which groups, versions and kinds the server has, in all the forms that clients ask for.

mod aggregated;
mod legacy;
mod openapi;
mod version;

use http::HeaderMap;
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::auth::Review;
use crate::http::{Accept, Answer, Payload, Shape};
use crate::registry::Registry;

pub(crate) use openapi::{Documents, openapi_v2};
pub(crate) use version::version;

/// A kind as discovery shows it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) namespaced: bool,
    pub(crate) verbs: Vec<String>,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
}

/// A subresource as discovery shows it.
#[derive(Clone, Debug)]
pub(crate) struct Subresource {
    pub(crate) name: &'static str,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) verbs: &'static [&'static str],
}

/// All kinds in the order of discovery: the core group, then groups in the order in which they were
/// registered.
pub(crate) fn entries(registry: &Registry) -> Vec<Entry> {
    let stored = registry.kinds().iter().map(|served| Entry::of(&served.resource));
    stored
        .chain(Review::ALL.into_iter().map(Entry::of_review))
        .collect()
}

impl Entry {
    fn of(resource: &kinglet_api_kinds::Resource) -> Self {
        let own = |name, verbs| Subresource {
            name,
            group: resource.group.to_string(),
            version: resource.version.to_string(),
            kind: resource.kind.to_string(),
            verbs,
        };
        let mut subresources = Vec::new();
        if resource.group.is_empty() && *resource.plural == *"namespaces" {
            subresources.push(own("finalize", &["update"]));
        }
        if resource.group.is_empty() && *resource.plural == *"pods" {
            subresources.push(Subresource {
                kind: "Binding".into(),
                ..own("binding", &["create"])
            });
        }
        if resource.scale.is_some() {
            subresources.push(Subresource {
                name: "scale",
                group: "autoscaling".into(),
                version: "v1".into(),
                kind: "Scale".into(),
                verbs: &["get", "patch", "update"],
            });
        }
        if resource.has_status {
            subresources.push(own("status", &["get", "patch", "update"]));
        }
        let texts = |all: &[std::sync::Arc<str>]| all.iter().map(ToString::to_string).collect();
        Self {
            group: resource.group.to_string(),
            version: resource.version.to_string(),
            kind: resource.kind.to_string(),
            plural: resource.plural.to_string(),
            singular: resource.singular.to_string(),
            namespaced: resource.namespaced,
            verbs: resource.verbs.iter().map(|verb| (*verb).to_owned()).collect(),
            short_names: texts(&resource.short_names),
            categories: texts(&resource.categories),
            subresources,
        }
    }

    fn of_review(review: Review) -> Self {
        Self {
            group: review.group.into(),
            version: "v1".into(),
            kind: review.kind.into(),
            plural: review.plural.into(),
            singular: review.kind.to_lowercase(),
            namespaced: review.namespaced,
            verbs: vec!["create".into()],
            short_names: Vec::new(),
            categories: Vec::new(),
            subresources: Vec::new(),
        }
    }
}

/// Groups (but the core one) with their versions, in order.
fn groups(entries: &[Entry]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.group.is_empty()) {
        let position = groups.iter().position(|(group, _)| *group == entry.group);
        let index = position.unwrap_or_else(|| {
            groups.push((entry.group.as_str(), Vec::new()));
            groups.len() - 1
        });
        if let Some((_, versions)) = groups.get_mut(index)
            && !versions.contains(&entry.version.as_str())
        {
            versions.push(&entry.version);
        }
    }
    groups
}

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

/// An answer with an `ETag`; 304 when the client has it already.
fn tagged(value: &Value, headers: &HeaderMap) -> Answer {
    let json = serde_json::to_vec(value).unwrap_or_default();
    let tag = format!("\"{}\"", hash(&json));
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()) == Some(tag.as_str());
    let mut answer = if known {
        Answer::new(304, Payload::Empty)
    } else {
        Answer::ok(Payload::Json(json.into()))
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers.push((ETAG, tag));
    }
    answer
}

/// SHA-256 in upper-case hexadecimal.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}
