//! Access to `metadata` of objects that are JSON values.

use serde_json::{Map, Value};

/// `metadata`, or nothing.
pub(crate) fn meta(object: &Value) -> Option<&Map<String, Value>> {
    object.get("metadata").and_then(Value::as_object)
}

/// Changes `metadata`, which is made if it is missing or not an object.
pub(crate) fn change(object: &mut Value, change: impl FnOnce(&mut Map<String, Value>)) {
    let mut meta = match object.get_mut("metadata").map(Value::take) {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    change(&mut meta);
    if let Value::Object(fields) = object {
        fields.insert("metadata".into(), Value::Object(meta));
    }
}

/// A text of `metadata`, empty when missing.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    meta(object)
        .and_then(|meta| meta.get(field))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Sets a field of `metadata`, or removes it.
pub(crate) fn set(object: &mut Value, field: &str, value: Option<Value>) {
    change(object, |meta| {
        match value {
            Some(value) => meta.insert(field.to_owned(), value),
            None => meta.remove(field),
        };
    });
}

/// Takes a field of `metadata` from another object: its value, or its absence.
pub(crate) fn take_over(object: &mut Value, from: &Value, field: &str) {
    let value = meta(from).and_then(|meta| meta.get(field)).cloned();
    set(object, field, value);
}

/// `metadata.finalizers`.
pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    meta(object)
        .and_then(|meta| meta.get("finalizers"))
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

/// Whether `metadata.deletionTimestamp` is set.
pub(crate) fn is_terminating(object: &Value) -> bool {
    !text(object, "deletionTimestamp").is_empty()
}

/// `metadata.generation`, 0 when missing.
pub(crate) fn generation(object: &Value) -> i64 {
    meta(object)
        .and_then(|meta| meta.get("generation"))
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// The present time as Kubernetes writes it: RFC 3339 in UTC, whole seconds.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
