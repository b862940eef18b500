//! `/openapi/v3`: an index, and one document per group and version.
//!
//! A document is made when it is asked for and not kept: it is some megabytes, and clients cache it by the
//! hash in its URL.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, ETAG, EXPIRES, HeaderValue, IF_NONE_MATCH, LOCATION};
use kinglet_api_schema::openapi::{OpenApiResource, V2_DOCUMENT, V2_MEDIA_TYPE, document, fingerprint};
use serde_json::{Map, Value, json};

use super::etag::tagged;
use crate::auth::Review;
use crate::error::ApiError;
use crate::http::{Answer, Payload, Query};
use crate::registry::Registry;

/// A group and version with the hash of its document.
#[derive(Clone, Debug)]
struct Indexed {
    /// For instance `apis/apps/v1`.
    path: String,
    group: String,
    version: String,
    hash: String,
}

/// The index of documents, made anew when the kinds change.
#[derive(Default)]
pub(crate) struct Documents(Mutex<Option<(u64, Arc<[Indexed]>)>>);

impl Documents {
    /// Answers the index (empty path) or a document, for instance `apis/apps/v1`.
    pub(crate) fn answer(
        &self,
        registry: &Registry,
        path: &str,
        query: &Query,
        headers: &HeaderMap,
    ) -> Result<Answer, ApiError> {
        let index = self.index(registry);
        if path.is_empty() {
            return Ok(tagged(&index_document(&index), headers));
        }
        let found = index
            .iter()
            .find(|one| one.path == path)
            .ok_or_else(ApiError::unknown_resource)?;
        match query.text("hash") {
            Some(hash) if hash != found.hash => Ok(redirect(found)),
            hash => Ok(answer(registry, found, hash.is_some(), headers)),
        }
    }

    fn index(&self, registry: &Registry) -> Arc<[Indexed]> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((generation, index)) = &*kept
            && *generation == registry.generation
        {
            return index.clone();
        }
        let index: Arc<[Indexed]> = make_index(registry).into();
        *kept = Some((registry.generation, index.clone()));
        index
    }
}

/// `/openapi/v2`: an empty document in protobuf (`openapi.v2.Document` with `swagger` and `info`). kubectl up
/// to 1.27 does not work without one; finding no definitions in it, it goes by its own types.
pub(crate) fn openapi_v2() -> Answer {
    let mut answer = Answer::ok(Payload::Json(Bytes::from_static(V2_DOCUMENT)));
    answer.content_type = Some(V2_MEDIA_TYPE);
    answer
}

fn make_index(registry: &Registry) -> Vec<Indexed> {
    let stored = registry
        .kinds()
        .iter()
        .map(|one| (&*one.resource.group, &*one.resource.version));
    let reviews = Review::ALL.iter().map(|one| (one.group, "v1"));
    let mut index: Vec<Indexed> = Vec::new();
    for (group, version) in stored.chain(reviews) {
        if index
            .iter()
            .any(|one| one.group == group && one.version == version)
        {
            continue;
        }
        index.push(Indexed {
            path: if group.is_empty() {
                format!("api/{version}")
            } else {
                format!("apis/{group}/{version}")
            },
            group: group.to_owned(),
            version: version.to_owned(),
            hash: fingerprint(group, version, &resources(registry, group, version)),
        });
    }
    index
}

fn resources<'a>(registry: &'a Registry, group: &str, version: &str) -> Vec<OpenApiResource<'a>> {
    let stored = registry
        .kinds()
        .iter()
        .filter(|one| *one.resource.group == *group && *one.resource.version == *version)
        .map(|one| OpenApiResource {
            kind: &one.resource.kind,
            list_kind: &one.resource.list_kind,
            plural: &one.resource.plural,
            namespaced: one.resource.namespaced,
            verbs: one.resource.verbs,
            has_status: one.resource.has_status,
            has_scale: one.resource.scale.is_some(),
            custom_schema: one
                .resource
                .schema
                .as_ref()
                .filter(|_| one.custom)
                .map(|document| &document.root),
        });
    let reviews = Review::ALL
        .iter()
        .filter(|one| one.group == group && version == "v1")
        .map(|one| OpenApiResource {
            kind: one.kind,
            list_kind: "",
            plural: one.plural,
            namespaced: one.namespaced,
            verbs: &["create"],
            has_status: false,
            has_scale: false,
            custom_schema: None,
        });
    stored.chain(reviews).collect()
}

fn url(indexed: &Indexed) -> String {
    format!("/openapi/v3/{}?hash={}", indexed.path, indexed.hash)
}

fn index_document(index: &[Indexed]) -> Value {
    let paths: Map<String, Value> = index
        .iter()
        .map(|one| (one.path.clone(), json!({"serverRelativeURL": url(one)})))
        .collect();
    json!({"paths": paths})
}

/// A document that is asked for by an old hash is found under the present one.
fn redirect(indexed: &Indexed) -> Answer {
    let mut answer = Answer::new(301, Payload::Empty);
    if let Ok(location) = HeaderValue::from_str(&url(indexed)) {
        answer.headers.push((LOCATION, location));
    }
    answer
}

/// A document; one that is asked for by its hash never changes.
fn answer(registry: &Registry, indexed: &Indexed, by_hash: bool, headers: &HeaderMap) -> Answer {
    let Indexed {
        group, version, hash, ..
    } = indexed;
    let tag = format!("\"{hash}\"");
    let known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut answer = if known {
        Answer::new(304, Payload::Empty)
    } else {
        let resources = resources(registry, group, version);
        Answer::ok(Payload::Value(document(group, version, &resources)))
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers.push((ETAG, tag));
    }
    if by_hash {
        answer
            .headers
            .push((CACHE_CONTROL, HeaderValue::from_static("public, immutable")));
        // `immutable` holds only as long as an answer is fresh (RFC 8246, 2); a year is what kube-openapi
        // says.
        let next_year = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(365 * 24);
        if let Ok(expires) =
            HeaderValue::from_str(&next_year.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        {
            answer.headers.push((EXPIRES, expires));
        }
    }
    answer
}
