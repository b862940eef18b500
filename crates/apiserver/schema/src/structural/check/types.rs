//! Types are declared where the structure is.

use serde_json::Value;

use super::{Check, Level, Step, children, flag, properties, text};
use crate::FieldError;

impl Check {
    /// A schema of the structure and all below it.
    pub(super) fn structural(&mut self, node: &Value, level: Level) {
        self.declared_type(node, level);
        let has = |key: &str| node.get(key).is_some_and(|value| !value.is_null());
        if text(node, "type") == "array" && !has("items") {
            self.require("items", "must be specified");
        }
        if level == Level::Root && has("additionalProperties") {
            self.forbid("additionalProperties", "must not be used at the root");
        }
        let is_object = level == Level::Root || flag(node, "x-kubernetes-embedded-resource");
        for (step, below) in properties(node).filter(|_| is_object) {
            self.at(step, |check| check.object_field(step, below, level));
        }
        self.integer_or_string(node);
        self.restrictions(node);
        for (step, below) in children(node) {
            let level = match step {
                Step::Items => Level::Item,
                _ => Level::Field,
            };
            self.at(step, |check| check.structural(below, level));
        }
    }

    fn declared_type(&mut self, node: &Value, level: Level) {
        let kind = text(node, "type");
        let is_free =
            flag(node, "x-kubernetes-int-or-string") || flag(node, "x-kubernetes-preserve-unknown-fields");
        if flag(node, "x-kubernetes-embedded-resource") && kind != "object" {
            let why = "must be object if x-kubernetes-embedded-resource is true";
            match kind {
                "" => self.require("type", why),
                kind => self.refuse("type", kind, why),
            }
        } else if kind.is_empty() && !is_free {
            let why = match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            };
            self.require("type", why);
        } else if level == Level::Root && kind != "object" && !kind.is_empty() {
            self.refuse("type", kind, "must be object at the root");
        }
    }

    /// A field that every object has: the schema may say its type, and restrict names.
    fn object_field(&mut self, step: Step<'_>, node: &Value, level: Level) {
        let Step::Property(name) = step else { return };
        let kind = text(node, "type");
        match name {
            "apiVersion" | "kind" if kind != "string" => self.refuse("type", kind, "must be string"),
            "metadata" if kind != "object" => self.refuse("type", kind, "must be object"),
            _ => {}
        }
        if name == "metadata" && level == Level::Root && !restricts_names_only(node) {
            let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            self.errors.push(FieldError::forbidden(self.path.to_text(), why));
        }
    }

    fn integer_or_string(&mut self, node: &Value) {
        for key in [
            "x-kubernetes-preserve-unknown-fields",
            "x-kubernetes-embedded-resource",
        ] {
            if flag(node, "x-kubernetes-int-or-string") && flag(node, key) {
                self.refuse(key, true, "must be false if x-kubernetes-int-or-string is true");
            }
        }
    }
}

fn restricts_names_only(metadata: &Value) -> bool {
    let is_name = |step| matches!(step, Step::Property("name" | "generateName"));
    let mut keys = metadata.as_object().into_iter().flat_map(|fields| fields.keys());
    properties(metadata).all(|(step, _)| is_name(step))
        && keys.all(|key| ["type", "properties", "default"].contains(&key.as_str()))
}
