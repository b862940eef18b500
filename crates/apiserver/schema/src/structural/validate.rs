//! Validation of values, with the words of Kubernetes' OpenAPI validator.

use serde_json::Value;

use super::formats::Format;
use super::{formats, lists};
use crate::strict::Path;
use crate::{FieldError, FieldErrorKind, Schema};

/// What is wrong with an object of a custom resource; the schema is that of [`super::document`].
pub fn validate(schema: Schema<'_>, object: &Value) -> Vec<FieldError> {
    let mut errors = Validator::default().node(schema, object).errors;
    lists::check(schema, object, &mut String::new(), &mut errors);
    if errors.iter().any(keeps_rules_from_running) && has_rules(schema.node()) {
        let why = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
        errors.push(FieldError::invalid("<nil>", Value::Null, why));
    }
    errors
}

/// Whether rules are not to be run on an object: what they look at may be missing or of another type.
pub fn keeps_rules_from_running(error: &FieldError) -> bool {
    use FieldErrorKind::{NotSupported, Required, TooLong, TooMany, TypeInvalid};
    matches!(
        error.kind,
        NotSupported | Required | TooLong | TooMany | TypeInvalid
    )
}

/// Whether a schema has rules in CEL.
pub(super) fn has_rules(node: &Value) -> bool {
    match node {
        Value::Object(fields) => {
            fields.contains_key("x-kubernetes-validations") || fields.values().any(has_rules)
        }
        Value::Array(items) => items.iter().any(has_rules),
        _ => false,
    }
}

/// What a validation found.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) errors: Vec<FieldError>,
    /// How much was right: among alternatives that all fail, the errors of the best one are told.
    pub(super) matches: usize,
}

impl Outcome {
    pub(super) fn merge(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.matches += other.matches;
    }

    pub(super) fn add(&mut self, error: Option<FieldError>) {
        self.errors.extend(error);
    }
}

#[derive(Default)]
pub(super) struct Validator {
    pub(super) path: Path,
}

impl Validator {
    /// Validates a value and all below it.
    pub(super) fn node(&mut self, schema: Schema<'_>, value: &Value) -> Outcome {
        let mut outcome = Outcome {
            matches: 1,
            ..Outcome::default()
        };
        let format = formats::supported(schema);
        match self.type_error(schema, format, value) {
            Some(error) => outcome.errors.push(error),
            None => outcome.matches += 1,
        }
        // Of null, kube-openapi checks only the type and `enum`.
        if !value.is_null() {
            outcome.merge(self.combined(schema, value));
        }
        match value {
            Value::String(text) => self.string(schema, format, text, &mut outcome),
            Value::Number(number) => self.number(schema, format, number, &mut outcome),
            Value::Array(items) => self.array(schema, items, &mut outcome),
            _ => {}
        }
        outcome.add(self.enumeration(schema, value));
        if let Value::Object(fields) = value {
            self.object(schema, fields, &mut outcome);
        }
        outcome
    }

    /// `<path> in body <rule>`.
    pub(super) fn rule(&self, rule: impl std::fmt::Display) -> String {
        format!("{} in body {rule}", self.path.to_text())
    }

    /// `Invalid value` of this node.
    pub(super) fn invalid(&self, value: impl Into<Value>, rule: impl std::fmt::Display) -> FieldError {
        FieldError::invalid(self.path.to_text(), value, self.rule(rule))
    }

    fn type_error(
        &self,
        schema: Schema<'_>,
        format: Option<Format<'_>>,
        value: &Value,
    ) -> Option<FieldError> {
        let wanted = wanted_types(schema);
        if wanted.is_empty() || value.is_null() && schema.is_nullable() {
            return None;
        }
        let (found, native_format) = found_type(value);
        let is_number = wanted.contains(&"number");
        let fits = wanted.contains(&found)
            || found == "integer" && is_number
            || found == "number" && wanted.contains(&"integer") && is_whole(value);
        match format {
            _ if fits => None,
            // A number format is told instead of the type, but to a text.
            Some(Format::Number(format)) if !value.is_string() && !value.is_array() && !value.is_null() => {
                (native_format != format).then(|| self.wrong_type(format, native_format))
            }
            _ => Some(self.wrong_type(&wanted.join(","), found)),
        }
    }

    fn wrong_type(&self, wanted: &str, found: &str) -> FieldError {
        self.wrong_type_of(wanted, found.into(), found)
    }

    /// A value of another type or format than wanted.
    pub(super) fn wrong_type_of(&self, wanted: &str, value: Value, shown: &str) -> FieldError {
        let detail = self.rule(format_args!("must be of type {wanted}: {shown:?}"));
        FieldError::new(FieldErrorKind::TypeInvalid, self.path.to_text(), value, detail)
    }

    fn enumeration(&self, schema: Schema<'_>, value: &Value) -> Option<FieldError> {
        let accepted = schema.node().get("enum")?.as_array()?;
        if accepted.is_empty() || accepted.iter().any(|one| is_same(one, value)) {
            return None;
        }
        let texts: Vec<String> = accepted.iter().map(shown).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        Some(FieldError::not_supported(
            self.path.to_text(),
            value.clone(),
            &texts,
        ))
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Equal; numbers are compared by value.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

fn wanted_types<'a>(schema: Schema<'a>) -> Vec<&'a str> {
    if schema.is_int_or_string() {
        return vec!["integer", "string"];
    }
    schema.kind().into_iter().collect()
}

/// The type of a value and the format of its Go type.
fn found_type(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Null => ("null", ""),
        Value::Bool(_) => ("boolean", ""),
        Value::Number(number) if number.is_f64() => ("number", "float64"),
        Value::Number(_) => ("integer", "int64"),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    }
}

fn is_whole(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.fract() == 0.0)
}
