//! Structural schemas: what a CustomResourceDefinition must say of its objects so that the server can prune, default and merge them.

use regex::Regex;
use serde_json::Value;

use super::Errors;
use crate::json::Json;

/// The schema of a version.
pub(super) fn root(errors: &mut Errors, path: &str, node: &Value) {
    let metadata = node.at("properties.metadata");
    let beyond_names = |node: &Value| {
        node.as_object().is_some_and(|map| {
            map.keys()
                .any(|key| !matches!(key.as_str(), "type" | "properties" | "description"))
        }) || node
            .entries("properties")
            .any(|(name, _)| !matches!(name, "name" | "generateName"))
    };
    if beyond_names(metadata) {
        errors.forbidden(
            format!("{path}.properties[metadata]"),
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
        );
    }
    children(errors, path, node);
    match node.text("type") {
        "" => errors.required(format!("{path}.type"), "must not be empty at the root"),
        "object" => {}
        other => errors.invalid(format!("{path}.type"), other, "must be object at the root"),
    }
}

/// A node below the root; `what` names its kind of place.
fn node(errors: &mut Errors, path: &str, node: &Value, what: &str) {
    children(errors, path, node);
    let open = node.flag("x-kubernetes-int-or-string") || node.flag("x-kubernetes-preserve-unknown-fields");
    if node.text("type").is_empty() && !open {
        errors.required(
            format!("{path}.type"),
            &format!("must not be empty for specified {what}"),
        );
    }
}

fn children(errors: &mut Errors, path: &str, parent: &Value) {
    let additional = parent.at("additionalProperties");
    if !additional.is_null() && parent.has("properties") {
        errors.forbidden(
            format!("{path}.additionalProperties"),
            "additionalProperties and properties are mutual exclusive",
        );
    }
    for (name, child) in parent.entries("properties") {
        node(
            errors,
            &format!("{path}.properties[{name}]"),
            child,
            "object fields",
        );
    }
    if additional.is_object() {
        node(
            errors,
            &format!("{path}.additionalProperties"),
            additional,
            "object fields",
        );
    }
    match parent.at("items") {
        Value::Null if parent.text("type") == "array" => {
            errors.required(format!("{path}.items"), "must be specified");
        }
        Value::Null => {}
        items => node(errors, &format!("{path}.items"), items, "array items"),
    }
    if parent.text("x-kubernetes-list-type") == "map" && parent.list("x-kubernetes-list-map-keys").is_empty()
    {
        errors.required(
            format!("{path}.x-kubernetes-list-map-keys"),
            "must not be empty if x-kubernetes-list-type is map",
        );
    }
    if let Some(pattern) = parent.at("pattern").as_str()
        && let Err(error) = Regex::new(pattern)
    {
        let why = format!("must be a valid regular expression, but isn't: {error}");
        errors.invalid(format!("{path}.pattern"), pattern, why);
    }
    for list in ["allOf", "anyOf", "oneOf"] {
        for (index, value) in parent.list(list).iter().enumerate() {
            untyped(errors, &format!("{path}.{list}[{index}]"), value, parent);
        }
    }
    if parent.has("not") {
        untyped(errors, &format!("{path}.not"), parent.at("not"), parent);
    }
}

/// Alternatives constrain values; their types are said outside. The exception is the pair of types of an int-or-string.
fn untyped(errors: &mut Errors, path: &str, value: &Value, parent: &Value) {
    if value.has("type") && !parent.flag("x-kubernetes-int-or-string") {
        errors.forbidden(format!("{path}.type"), "must be empty to be structural");
    }
}
