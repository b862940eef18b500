//! Discovery in separate documents: `APIVersions`, `APIGroupList`, `APIGroup`, `APIResourceList` (meta/v1).

use serde_json::{Value, json};

use super::entry::{Entry, Subresource, groups};

/// `/api`.
pub(super) fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// `/apis`.
pub(super) fn group_list(entries: &[Entry]) -> Value {
    let groups: Vec<Value> = groups(entries)
        .into_iter()
        .map(|(group, versions)| group_of(group, &versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`.
pub(super) fn group(entries: &[Entry], name: &str) -> Option<Value> {
    let groups = groups(entries);
    let (group, versions) = groups.iter().find(|(group, _)| *group == name)?;
    let mut document = group_of(group, versions);
    document["kind"] = "APIGroup".into();
    document["apiVersion"] = "v1".into();
    Some(document)
}

fn group_of(group: &str, versions: &[&str]) -> Value {
    let version = |version: &&str| json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({
        "name": group,
        "versions": versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": versions.first().map(version),
    })
}

/// `/api/v1`, `/apis/GROUP/VERSION`.
pub(super) fn resources(entries: &[Entry], group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.group == group && entry.version == version)
    {
        resources.push(resource(entry));
        resources.extend(entry.subresources.iter().map(|one| subresource(entry, one)));
    }
    if resources.is_empty() {
        return None;
    }
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    let mut list = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources});
    // As in Kubernetes: the document of the core group is older than the field.
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Some(list)
}

fn resource(entry: &Entry) -> Value {
    let mut resource = json!({
        "name": entry.plural,
        "singularName": entry.singular,
        "namespaced": entry.namespaced,
        "kind": entry.kind,
        "verbs": entry.verbs,
    });
    if !entry.short_names.is_empty() {
        resource["shortNames"] = json!(entry.short_names);
    }
    if !entry.categories.is_empty() {
        resource["categories"] = json!(entry.categories);
    }
    resource
}

fn subresource(entry: &Entry, one: &Subresource) -> Value {
    let mut resource = json!({
        "name": format!("{}/{}", entry.plural, one.name),
        "singularName": "",
        "namespaced": entry.namespaced,
        "kind": one.kind,
        "verbs": one.verbs,
    });
    if one.group != entry.group {
        resource["group"] = one.group.as_str().into();
        resource["version"] = one.version.as_str().into();
    }
    resource
}
