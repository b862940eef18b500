//! Aggregated discovery: all groups, versions and kinds in one document (apidiscovery.k8s.io v2 and v2beta1).

use http::HeaderMap;
use serde_json::{Value, json};

use super::{Entry, groups, tagged};
use crate::http::Answer;

/// The document of the core group (`core`) or of all others.
pub(super) fn answer(entries: &[Entry], version: &str, core: bool, headers: &HeaderMap) -> Answer {
    let items: Vec<Value> = if core {
        vec![json!({"metadata": {"creationTimestamp": null}, "versions": [version_of(entries, "", "v1")]})]
    } else {
        groups(entries).into_iter().map(|(group, versions)| group_of(entries, group, &versions)).collect()
    };
    let list = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    });
    let mut answer = tagged(&list, headers);
    answer.content_type = Some(if version == "v2" {
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    } else {
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
    });
    answer
}

fn group_of(entries: &[Entry], group: &str, versions: &[&str]) -> Value {
    let versions: Vec<Value> = versions.iter().map(|version| version_of(entries, group, version)).collect();
    json!({"metadata": {"name": group, "creationTimestamp": null}, "versions": versions})
}

fn version_of(entries: &[Entry], group: &str, version: &str) -> Value {
    let resources: Vec<Value> = entries
        .iter()
        .filter(|entry| entry.group == group && entry.version == version)
        .map(resource)
        .collect();
    json!({"version": version, "resources": resources, "freshness": "Current"})
}

fn resource(entry: &Entry) -> Value {
    let mut resource = json!({
        "resource": entry.plural,
        "responseKind": {"group": entry.group, "version": entry.version, "kind": entry.kind},
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
                    "responseKind": {"group": one.group, "version": one.version, "kind": one.kind},
                    "verbs": one.verbs,
                })
            })
            .collect();
        resource["subresources"] = subresources.into();
    }
    resource
}
