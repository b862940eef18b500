//! Whether a schema may be used: it is structural, that is every field and its type are declared outside
//! `allOf`, `anyOf`, `oneOf` and `not`, which may only restrict values; and it has no keyword that Kubernetes
//! refuses.

mod defaults;
mod keywords;
mod nested;
mod types;

use serde_json::Value;

use crate::{FieldError, strict::Path};

/// What keeps an `openAPIV3Schema` from being used, sorted. Paths lie below `path`:
/// `spec.versions[1].schema.openAPIV3Schema`, or, because Kubernetes tells it so when there is only one
/// version, `spec.validation.openAPIV3Schema`.
pub fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut check = Check::default();
    check.path.enter_field(path);
    check.keywords(schema);
    check.structural(schema, Level::Root);
    check.complete(schema);
    // Validation of the defaults would follow types that were just refused; Kubernetes waits too.
    if check.errors.is_empty() {
        check.defaults(schema);
    }
    check.errors.sort_by_key(ToString::to_string);
    check.errors.dedup();
    check.errors
}

/// Where a schema stands in its parent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// How a schema is reached from its parent.
#[derive(Clone, Copy)]
enum Step<'a> {
    Property(&'a str),
    Items,
    AdditionalProperties,
    /// `allOf`, `anyOf` or `oneOf`, and the index in it.
    Part(&'static str, usize),
    Not,
}

#[derive(Default)]
struct Check {
    path: Path,
    errors: Vec<FieldError>,
}

impl Check {
    /// Does work at a schema below.
    fn at(&mut self, step: Step<'_>, work: impl FnOnce(&mut Self)) {
        let outside = match step {
            Step::Property(name) => self.path.enter_field(&format!("properties[{name}]")),
            Step::Items => self.path.enter_field("items"),
            Step::AdditionalProperties => self.path.enter_field("additionalProperties"),
            Step::Part(key, index) => self.path.enter_field(&format!("{key}[{index}]")),
            Step::Not => self.path.enter_field("not"),
        };
        work(self);
        self.path.leave(outside);
    }

    /// The path of a keyword.
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path.to_text())
    }

    fn forbid(&mut self, key: &str, why: &str) {
        self.errors.push(FieldError::forbidden(self.key(key), why));
    }

    fn require(&mut self, key: &str, why: &str) {
        self.errors.push(FieldError::required(self.key(key), why));
    }

    fn refuse(&mut self, key: &str, value: impl Into<Value>, why: &str) {
        self.errors.push(FieldError::invalid(self.key(key), value, why));
    }
}

fn flag(node: &Value, key: &str) -> bool {
    node.get(key) == Some(&Value::Bool(true))
}

fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The declared fields.
fn properties(node: &Value) -> impl Iterator<Item = (Step<'_>, &Value)> {
    let properties = node.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, below)| (Step::Property(name), below))
}

/// The schemas of fields, items and a map's values.
fn children(node: &Value) -> impl Iterator<Item = (Step<'_>, &Value)> {
    let single = |step, key: &str| {
        node.get(key)
            .filter(|below| below.is_object())
            .map(|below| (step, below))
    };
    let items = single(Step::Items, "items");
    let values = single(Step::AdditionalProperties, "additionalProperties");
    properties(node).chain(items).chain(values)
}

/// The schemas that restrict a node's values.
fn restrictions(node: &Value) -> impl Iterator<Item = (Step<'_>, &Value)> {
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(move |key| {
        let all = node.get(key).and_then(Value::as_array);
        let parts = all.into_iter().flatten().enumerate();
        parts.map(move |(index, below)| (Step::Part(key, index), below))
    });
    lists.chain(node.get("not").map(|not| (Step::Not, not)))
}
