//! What the schema of a built-in kind wants to be there.
//!
//! Kubernetes' types cannot tell a missing number, list or structure from an empty one; so only texts are
//! missed, in structures that are given or required.

use kinglet_api_schema::{FieldError, Schema};
use serde_json::Value;

/// Fields that say what the object is, and what its writers do not decide.
const ELSEWHERE: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];
/// Texts of which the empty one means something although the schema requires them: the audience of the API
/// server itself (CSIDriver).
const MAY_BE_EMPTY: [&str; 1] = ["audience"];

/// The required texts that an object lacks.
pub(super) fn missing(schema: Schema<'_>, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (name, child) in properties(schema) {
        if !ELSEWHERE.contains(&name) {
            field(schema, child, (name, name), &object[name], &mut errors);
        }
    }
    errors
}

fn properties(schema: Schema<'_>) -> impl Iterator<Item = (&str, Schema<'_>)> {
    let names = schema.properties().into_iter().flat_map(|all| all.keys());
    names.filter_map(move |name| Some((name.as_str(), schema.property(name)?)))
}

/// One field of a structure; `at` is its name and its path.
fn field(
    parent: Schema<'_>,
    schema: Schema<'_>,
    (name, path): (&str, &str),
    value: &Value,
    errors: &mut Vec<FieldError>,
) {
    let required = parent.requires(name);
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(schema) = schema.items() {
                    structure(schema, &format!("{path}[{index}]"), item, errors);
                }
            }
        }
        Value::Object(fields) if schema.properties().is_none() => {
            for (key, value) in fields {
                if let Some(schema) = schema.values() {
                    structure(schema, &format!("{path}[{key}]"), value, errors);
                }
            }
        }
        Value::Object(_) => structure(schema, path, value, errors),
        Value::Null if required && schema.properties().is_some() => structure(schema, path, value, errors),
        Value::Null if required && is_text(schema, name) => errors.push(FieldError::required(path, "")),
        Value::String(text) if required && text.is_empty() && is_text(schema, name) => {
            errors.push(FieldError::required(path, ""));
        }
        _ => {}
    }
}

fn structure(schema: Schema<'_>, path: &str, value: &Value, errors: &mut Vec<FieldError>) {
    for (name, child) in properties(schema) {
        let found = value.get(name).unwrap_or(&Value::Null);
        field(schema, child, (name, &format!("{path}.{name}")), found, errors);
    }
}

fn is_text(schema: Schema<'_>, name: &str) -> bool {
    schema.kind() == Some("string") && !MAY_BE_EMPTY.contains(&name)
}
