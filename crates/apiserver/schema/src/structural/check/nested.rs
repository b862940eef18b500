//! What stands in `allOf`, `anyOf`, `oneOf` and `not` only restricts values that are declared outside.

use serde_json::{Value, json};

use super::{Check, Step, properties, restrictions};
use crate::FieldError;

/// What may stand only outside, and how it must be inside.
const ONLY_OUTSIDE: &[(&str, &str)] = &[
    ("type", "empty"),
    ("additionalProperties", "undefined"),
    ("default", "undefined"),
    ("title", "empty"),
    ("description", "empty"),
    ("nullable", "false"),
    ("x-kubernetes-preserve-unknown-fields", "false"),
    ("x-kubernetes-embedded-resource", "false"),
    ("x-kubernetes-int-or-string", "false"),
    ("x-kubernetes-list-map-keys", "empty"),
    ("x-kubernetes-list-type", "undefined"),
    ("x-kubernetes-map-type", "undefined"),
    ("x-kubernetes-validations", "empty"),
];

impl Check {
    /// The restrictions of a schema. The two usual ways to spell integer or string, `anyOf` of the two types
    /// and `allOf` that starts with it, are accepted.
    pub(super) fn restrictions(&mut self, node: &Value) {
        let spells_types = lists_both_types(node);
        for (step, below) in restrictions(node) {
            let skip = match step {
                Step::Part("anyOf", _) if spells_types => continue,
                Step::Part("allOf", 0) => lists_both_types(below),
                _ => false,
            };
            self.at(step, |check| check.nested(below, skip));
        }
    }

    fn nested(&mut self, node: &Value, skip_any_of: bool) {
        for (key, must_be) in ONLY_OUTSIDE {
            if node.get(key).is_some_and(is_set) {
                self.forbid(key, &format!("must be {must_be} to be structural"));
            }
        }
        for (step, below) in restrictions(node) {
            if !(skip_any_of && matches!(step, Step::Part("anyOf", _))) {
                self.at(step, |check| check.nested(below, false));
            }
        }
        let items = node.get("items").map(|items| (Step::Items, items));
        for (step, below) in properties(node).chain(items) {
            self.at(step, |check| {
                check.nested(below, false);
                if matches!(step, Step::Property("metadata")) {
                    let why = "must not be specified in a nested context";
                    check
                        .errors
                        .push(FieldError::forbidden(check.path.to_text(), why));
                }
            });
        }
    }

    /// Every field that a restriction at the root names is declared.
    pub(super) fn complete(&mut self, root: &Value) {
        let path = self.path.to_text();
        for (step, below) in restrictions(root) {
            self.at(step, |check| check.declared(Some(root), below, &path));
        }
    }

    /// `path` is that of the declaration, the check's own that of the restriction.
    fn declared(&mut self, outer: Option<&Value>, nested: &Value, path: &str) {
        let Some(outer) = outer else {
            let why = format!("because it is defined in {}", self.path.to_text());
            self.errors.push(FieldError::required(path, why));
            return;
        };
        for (step, below) in restrictions(nested) {
            self.at(step, |check| check.declared(Some(outer), below, path));
        }
        let items = nested.get("items").map(|items| (Step::Items, items));
        for (step, below) in properties(nested).chain(items) {
            let (declaration, path) = match step {
                Step::Property(name) => {
                    let declaration = outer.get("properties").and_then(|all| all.get(name));
                    (declaration, format!("{path}.properties[{name}]"))
                }
                _ => (outer.get("items"), format!("{path}.items")),
            };
            self.at(step, |check| check.declared(declaration, below, &path));
        }
    }
}

fn lists_both_types(node: &Value) -> bool {
    node.get("anyOf") == Some(&json!([{"type": "integer"}, {"type": "string"}]))
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}
