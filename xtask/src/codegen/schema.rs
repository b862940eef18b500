//! Reduces the OpenAPI v3 documents of a Kubernetes release to what the embedded API server serves.
//!
//! Two files come out, both compressed JSON of definitions by name: `definitions.json.gz` without
//! descriptions, which the running server keeps in memory, and `documented.json.gz` with them, which is read
//! when a client asks for an OpenAPI document.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use flate2::{Compression, GzBuilder};
use serde_json::{Map, Value};

use super::kinds::{GROUPS, Group};

/// Definitions of `meta/v1` that no kind refers to but every server uses.
const META: &[&str] = &[
    "APIResourceList",
    "DeleteOptions",
    "Patch",
    "Status",
    "WatchEvent",
];
const META_PREFIX: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";
/// Objects of any content.
const FREE_FORM: &[&str] = &[
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
];
const GVK: &str = "x-kubernetes-group-version-kind";
const OUT: &str = "crates/apiserver/schema/data";

/// Writes the two files, from the directory of a release's OpenAPI v3 documents.
pub(crate) fn generate(from: &Path) -> anyhow::Result<()> {
    let all = read(from)?;
    let mut wanted: Vec<String> = META.iter().map(|name| format!("{META_PREFIX}{name}")).collect();
    for one in GROUPS {
        let (group, version) = (one.group, one.version);
        for kind in one.kinds {
            let name = find(&all, group, version, kind)
                .with_context(|| format!("{group}/{version} {kind} is in no document"))?;
            wanted.push(name.to_owned());
            wanted.extend(find(&all, group, version, &format!("{kind}List")).map(str::to_owned));
        }
    }
    let mut definitions = reachable(&all, wanted)?;
    definitions.values_mut().for_each(keep_served_kinds);
    write("documented.json.gz", &definitions)?;
    definitions.values_mut().for_each(make_lean);
    mark_free_form(&mut definitions);
    write("definitions.json.gz", &definitions)
}

fn read(from: &Path) -> anyhow::Result<Map<String, Value>> {
    let mut all = Map::new();
    for document in GROUPS.iter().map(Group::document).collect::<BTreeSet<_>>() {
        let path = from.join(format!("{document}_openapi.json"));
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut document: Value = serde_json::from_slice(&text)?;
        if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas").map(Value::take) {
            all.extend(schemas);
        }
    }
    ensure!(!all.is_empty(), "no definitions in {}", from.display());
    Ok(all)
}

fn find<'a>(all: &'a Map<String, Value>, group: &str, version: &str, kind: &str) -> Option<&'a str> {
    let is_it = |one: &Value| one["group"] == group && one["version"] == version && one["kind"] == kind;
    all.iter()
        .find(|(_, schema)| {
            schema[GVK]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(is_it))
        })
        .map(|(name, _)| name.as_str())
}

/// The named definitions and all that they refer to.
fn reachable(all: &Map<String, Value>, mut wanted: Vec<String>) -> anyhow::Result<Map<String, Value>> {
    let mut found = Map::new();
    while let Some(name) = wanted.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let schema = all.get(&name).with_context(|| format!("no definition {name}"))?;
        references(schema, &mut wanted);
        found.insert(name, schema.clone());
    }
    Ok(found)
}

fn references(node: &Value, into: &mut Vec<String>) {
    match node {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str);
            into.extend(
                reference
                    .and_then(|text| text.rsplit('/').next())
                    .map(str::to_owned),
            );
            fields.values().for_each(|child| references(child, into));
        }
        Value::Array(items) => items.iter().for_each(|child| references(child, into)),
        _ => {}
    }
}

/// `DeleteOptions` and `WatchEvent` count as a kind of every group; only the served groups stay.
fn keep_served_kinds(schema: &mut Value) {
    if let Some(kinds) = schema.get_mut(GVK).and_then(Value::as_array_mut) {
        kinds.retain(|one| {
            GROUPS
                .iter()
                .any(|served| one["group"] == served.group && one["version"] == served.version)
        });
    }
}

/// Drops what only people read: descriptions. The default `{}` stays: it tells a structure that is always
/// shown from an optional one.
fn make_lean(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            // A property may be called `description`; then it is a schema, not a text.
            fields.retain(|key, value| !(key == "description" && value.is_string()));
            fields.values_mut().for_each(make_lean);
        }
        Value::Array(items) => items.iter_mut().for_each(make_lean),
        _ => {}
    }
}

/// Says of free-form objects that they keep every field, as the schema of a custom resource would.
fn mark_free_form(definitions: &mut Map<String, Value>) {
    for name in FREE_FORM {
        if let Some(schema) = definitions.get_mut(*name) {
            schema["x-kubernetes-preserve-unknown-fields"] = true.into();
        }
    }
}

fn write(name: &str, definitions: &Map<String, Value>) -> anyhow::Result<()> {
    let path = Path::new(OUT).join(name);
    let file = fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    // No name and no time in the header: the same input gives the same bytes.
    let mut compressed = GzBuilder::new().write(file, Compression::best());
    compressed.write_all(&serde_json::to_vec(definitions)?)?;
    compressed.finish()?;
    Ok(())
}
