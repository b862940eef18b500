//! Rules in CEL (`x-kubernetes-validations`).

use std::sync::{Arc, OnceLock};

use kube_cel::{CompiledSchema, ErrorKind, ValidationError, Validator, compile_schema};
use serde_json::Value;

use super::budget::{self, Exceeded};
use super::correlate::correlated;
use super::validate::has_rules;
use crate::{FieldError, FieldErrorKind, SchemaDocument};

/// The rules of a schema, compiled when they are first needed: most definitions are never used.
#[derive(Debug)]
pub struct Rules {
    document: Arc<SchemaDocument>,
    compiled: OnceLock<CompiledSchema>,
}

impl Rules {
    /// The rules of a schema that [`super::document`] made; none if it has none.
    pub fn of(document: &Arc<SchemaDocument>) -> Option<Self> {
        has_rules(&document.root).then(|| Self {
            document: document.clone(),
            compiled: OnceLock::new(),
        })
    }

    /// What is wrong with an object that is right by its schema otherwise; `old` is what it replaces.
    ///
    /// Rules that cannot be compiled, or need a function that is not there, are passed over: [`unusable`]
    /// tells of the former when the definition is written.
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let schema = &self.document.root;
        if let Err(Exceeded { path, rule }) = budget::check(schema, object) {
            let detail = format!("the object is too large for rule: {rule}, no validation rules were run");
            return vec![FieldError::new(
                FieldErrorKind::InvalidStructure,
                path,
                Value::Null,
                detail,
            )];
        }
        let old = old.map(|old| correlated(schema, object, old));
        let compiled = self.compiled.get_or_init(|| compile_schema(schema));
        match Validator::new().validate_compiled(compiled, object, old.as_ref()) {
            Ok(()) => Vec::new(),
            Err(errors) => errors
                .into_vec()
                .into_iter()
                .filter(is_verdict)
                .map(|error| field_error(error, object))
                .collect(),
        }
    }
}

/// The rules of an `openAPIV3Schema` that cannot be compiled, with the reason.
pub fn unusable(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if has_rules(schema) {
        collect(&compile_schema(schema), &mut found);
    }
    found
}

fn collect(node: &CompiledSchema, found: &mut Vec<String>) {
    found.extend(node.compilation_errors().into_iter().map(ToString::to_string));
    let single = node
        .items
        .iter()
        .chain(&node.additional_properties)
        .map(AsRef::as_ref);
    let many = node.all_of.iter().chain(&node.one_of).chain(&node.any_of);
    for child in node.properties.values().chain(single).chain(many) {
        collect(child, found);
    }
}

/// Whether a rule has judged the object, rather than failed to be understood.
fn is_verdict(error: &ValidationError) -> bool {
    matches!(
        error.kind,
        ErrorKind::ValidationFailure | ErrorKind::InvalidResult | ErrorKind::EvaluationError
    )
}

fn field_error(error: ValidationError, object: &Value) -> FieldError {
    let path = if error.field_path.is_empty() {
        "<nil>".to_owned()
    } else {
        error.field_path
    };
    match error.reason.as_deref() {
        Some("FieldValueForbidden") => FieldError::forbidden(path, error.message),
        Some("FieldValueRequired") => FieldError::required(path, error.message),
        Some("FieldValueDuplicate") => {
            let value = at(object, &path).clone();
            FieldError::duplicate(path, value)
        }
        _ => match at(object, &path) {
            // Kubernetes shows values, but not whole structures.
            Value::Object(_) | Value::Array(_) | Value::Null => {
                FieldError::new(FieldErrorKind::InvalidStructure, path, Value::Null, error.message)
            }
            value => FieldError::invalid(path, value.clone(), error.message),
        },
    }
}

/// The value at `a.b[0].c`; null where the path leads nowhere, for instance for keys with dots.
fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    let pointer = path.replace('[', ".").replace(']', "").replace('.', "/");
    object.pointer(&format!("/{pointer}")).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::structural::document;

    fn rules(schema: &Value) -> Rules {
        Rules::of(&Arc::new(document(schema))).expect("there are rules")
    }

    fn texts(rules: &Rules, object: &Value, old: Option<&Value>) -> Vec<String> {
        rules
            .validate(object, old)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn widget() -> Value {
        json!({"type": "object", "properties": {"spec": {
            "type": "object",
            "x-kubernetes-validations": [
                {"rule": "self.min <= self.max", "message": "min is above max"},
                {"rule": "self.min >= 0", "fieldPath": ".min", "reason": "FieldValueForbidden", "message": "negative"},
            ],
            "properties": {
                "min": {"type": "integer"}, "max": {"type": "integer"},
                "class": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "is fixed"}]},
                "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": {
                    "type": "object",
                    "x-kubernetes-validations": [{"rule": "self.size >= oldSelf.size", "messageExpression": "'from ' + string(oldSelf.size)"}],
                    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
                }},
            },
        }}})
    }

    #[test]
    fn rules_judge_objects() {
        let rules = rules(&widget());
        let object = |min: i64, max: i64| json!({"spec": {"min": min, "max": max}});
        assert_eq!(texts(&rules, &object(1, 2), None), Vec::<String>::new());
        assert_eq!(
            texts(&rules, &object(3, 2), None),
            ["spec: Invalid value: min is above max"]
        );
        assert_eq!(
            texts(&rules, &object(-1, 2), None),
            ["spec.min: Forbidden: negative"]
        );
    }

    #[test]
    fn rules_compare_with_what_was_there() {
        let rules = rules(&widget());
        let object =
            |class: &str, parts: Value| json!({"spec": {"min": 0, "max": 1, "class": class, "parts": parts}});
        let old = object("a", json!([{"name": "x", "size": 5}, {"name": "y", "size": 1}]));
        let moved = object(
            "a",
            json!([{"name": "n", "size": 0}, {"name": "y", "size": 1}, {"name": "x", "size": 5}]),
        );
        assert_eq!(texts(&rules, &moved, Some(&old)), Vec::<String>::new());
        let changed = object("b", json!([{"name": "y", "size": 0}]));
        let mut found = texts(&rules, &changed, Some(&old));
        found.sort();
        assert_eq!(
            found,
            [
                "spec.class: Invalid value: \"b\": is fixed",
                "spec.parts[0]: Invalid value: from 1",
            ]
        );
    }

    #[test]
    fn what_could_take_long_is_refused() {
        let schema = json!({"type": "object", "properties": {"list": {
            "type": "array", "items": {"type": "integer"},
            "x-kubernetes-validations": [{"rule": "self.all(a, self.all(b, self.all(c, a + b + c > 0)))"}],
        }}});
        let rules = rules(&schema);
        let object = |count: usize| json!({"list": vec![1; count]});
        assert!(rules.validate(&object(50), None).is_empty());
        let refused = texts(&rules, &object(5000), None);
        assert!(
            refused[0].contains("list: Invalid value: the object is too large for rule"),
            "{refused:?}"
        );
    }

    #[test]
    fn rules_that_are_none_are_told_of() {
        let schema = json!({"type": "object", "x-kubernetes-validations": [{"rule": "self. >"}]});
        assert_eq!(unusable(&schema).len(), 1);
        assert_eq!(unusable(&widget()), Vec::<String>::new());
        assert!(rules(&schema).validate(&json!({}), None).is_empty());
    }
}
