//! Keywords that Kubernetes refuses everywhere, and those that do not go together.

use regex::Regex;
use serde_json::Value;

use super::{Check, children, flag, properties, restrictions, text};
use crate::FieldError;

/// Keywords of OpenAPI that are not supported.
const UNSUPPORTED: &[&str] = &[
    "id",
    "additionalItems",
    "patternProperties",
    "definitions",
    "dependencies",
    "$ref",
];
const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

impl Check {
    /// The keywords of a schema and of all below it.
    pub(super) fn keywords(&mut self, node: &Value) {
        for key in UNSUPPORTED {
            if node.get(key).is_some_and(|value| !value.is_null()) {
                self.forbid(key, &format!("{key} is not supported"));
            }
        }
        let kind = text(node, "type");
        if !kind.is_empty() && !TYPES.contains(&kind) {
            self.errors
                .push(FieldError::not_supported(self.key("type"), kind, TYPES));
        }
        if flag(node, "uniqueItems") {
            let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.forbid("uniqueItems", why);
        }
        if node.get("items").is_some_and(Value::is_array) {
            self.forbid("items", "items must be a schema object and not an array");
        }
        if node.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
            self.refuse(
                "x-kubernetes-preserve-unknown-fields",
                false,
                "must be true or undefined",
            );
        }
        self.map(node);
        self.list(node);
        self.pattern(node);
        for (step, below) in children(node).chain(restrictions(node)) {
            self.at(step, |check| check.keywords(below));
        }
    }

    fn map(&mut self, node: &Value) {
        let closes = |map: &Value| map.is_object() || *map == Value::Bool(false);
        if properties(node).next().is_some() && node.get("additionalProperties").is_some_and(closes) {
            let why = "additionalProperties and properties are mutual exclusive";
            self.forbid("additionalProperties", why);
        }
        self.merge_type(node, "x-kubernetes-map-type", "object", &["atomic", "granular"]);
    }

    fn list(&mut self, node: &Value) {
        self.merge_type(node, "x-kubernetes-list-type", "array", &["atomic", "set", "map"]);
        let keys = node.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
        let keys = keys.map(Vec::as_slice).unwrap_or_default();
        let declared = |key: &Value| {
            let item = node.pointer("/items/properties");
            item.is_some_and(|item| item.get(key.as_str().unwrap_or_default()).is_some())
        };
        match text(node, "x-kubernetes-list-type") {
            "map" if keys.is_empty() => {
                let why = "must not be empty if x-kubernetes-list-type is map";
                self.require("x-kubernetes-list-map-keys", why);
            }
            "map" if !keys.iter().all(declared) => {
                let why = "entries must all be names of item properties";
                self.refuse("x-kubernetes-list-map-keys", keys.to_vec(), why);
            }
            "" if !keys.is_empty() => {
                let why = "must be map if x-kubernetes-list-map-keys is non-empty";
                self.require("x-kubernetes-list-type", why);
            }
            _ => {}
        }
    }

    /// How a list or map merges is one of the known ways, on a node of that type.
    fn merge_type(&mut self, node: &Value, key: &str, wanted: &str, accepted: &[&str]) {
        let Some(merge) = node.get(key).and_then(Value::as_str) else {
            return;
        };
        let why = format!("must be {wanted} if {key} is specified");
        match text(node, "type") {
            "" => self.require("type", &why),
            kind if kind != wanted => self.refuse("type", kind, &why),
            _ => {}
        }
        if !accepted.contains(&merge) {
            self.errors
                .push(FieldError::not_supported(self.key(key), merge, accepted));
        }
    }

    fn pattern(&mut self, node: &Value) {
        let pattern = text(node, "pattern");
        if let Err(error) = Regex::new(pattern) {
            let error = error.to_string();
            // The lines before show the pattern, with a mark below it.
            let reason = error.lines().last().unwrap_or_default();
            let why = format!("must be a valid regular expression, but isn't: {reason}");
            self.refuse("pattern", pattern, &why);
        }
    }
}
