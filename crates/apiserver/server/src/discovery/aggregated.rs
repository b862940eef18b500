//! Aggregated discovery: all groups, versions and kinds in one document (apidiscovery.k8s.io v2 and v2beta1).

use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderValue, VARY};
use serde_json::{Value, json};

use super::entry::{Entry, groups};
use super::etag::tagged;
use crate::http::Answer;

/// The document of the core group (`core`) or of all others.
pub(super) fn answer(entries: &[Entry], version: &str, core: bool, headers: &HeaderMap) -> Answer {
    let items: Vec<Value> = if core {
        vec![json!({"metadata": {}, "versions": [version_of(entries, "", "v1")]})]
    } else {
        groups(entries)
            .into_iter()
            .map(|(group, versions)| group_of(entries, group, &versions))
            .collect()
    };
    let list = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    });
    let mut answer = tagged(&list, headers);
    answer
        .headers
        .push((CACHE_CONTROL, HeaderValue::from_static("public")));
    // By `Accept` the same URL answers this document or the legacy one: caches must keep both apart (RFC
    // 9110, 12.5.5).
    answer.headers.push((VARY, HeaderValue::from_static("Accept")));
    answer.content_type = Some(if version == "v2" {
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    } else {
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
    });
    answer
}

fn group_of(entries: &[Entry], group: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| version_of(entries, group, version))
        .collect();
    json!({"metadata": {"name": group}, "versions": versions})
}

fn version_of(entries: &[Entry], group: &str, version: &str) -> Value {
    let resources: Vec<Value> = entries
        .iter()
        .filter(|entry| entry.group == group && entry.version == version)
        .map(resource)
        .collect();
    // `Stale` is for groups of other servers that do not answer, and there are none.
    json!({"version": version, "resources": resources, "freshness": "Current"})
}

fn resource(entry: &Entry) -> Value {
    let mut resource = json!({
        "resource": entry.plural,
        "responseKind": response_kind(entry, &entry.group, &entry.version, &entry.kind),
        "scope": if entry.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": entry.singular,
        "verbs": entry.verbs,
    });
    if !entry.short_names.is_empty() {
        resource["shortNames"] = json!(entry.short_names);
    }
    if !entry.categories.is_empty() {
        resource["categories"] = json!(entry.categories);
    }
    if !entry.subresources.is_empty() {
        let subresources: Vec<Value> = entry
            .subresources
            .iter()
            .map(|one| {
                json!({
                    "subresource": one.name,
                    "responseKind": response_kind(entry, &one.group, &one.version, &one.kind),
                    "verbs": one.verbs,
                })
            })
            .collect();
        resource["subresources"] = subresources.into();
    }
    resource
}

/// The kind that a resource answers; group and version are empty where they are the document's own.
fn response_kind(entry: &Entry, group: &str, version: &str, kind: &str) -> Value {
    if group == entry.group && version == entry.version {
        json!({"group": "", "version": "", "kind": kind})
    } else {
        json!({"group": group, "version": version, "kind": kind})
    }
}
