//! Directives in a patch, and what maps and lists have in common.

use serde_json::{Map, Value};

use crate::error::{PatchError, decoded_type, shown};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

pub(super) const DIRECTIVE: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const ELEMENT_ORDER: &str = "$setElementOrder";
pub(super) const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";

fn wrong_type(wanted: &Value, found: &Value) -> PatchError {
    PatchError::Contradictory(format!(
        "expected a {}, but received a {}",
        decoded_type(wanted),
        decoded_type(found)
    ))
}

pub(super) fn not_a_list(found: &Value) -> PatchError {
    wrong_type(&Value::Array(Vec::new()), found)
}

pub(super) fn not_a_map(found: &Value) -> PatchError {
    wrong_type(&Value::Object(Object::new()), found)
}

/// The value by which an item pairs with others.
pub(super) fn merge_key_of<'v>(item: &'v Value, merge_key: &str) -> Result<&'v Value, PatchError> {
    let fields = item.as_object().ok_or_else(|| not_a_map(item))?;
    fields.get(merge_key).ok_or_else(|| {
        PatchError::Contradictory(format!(
            "map: {} does not contain declared merge key: {merge_key}",
            shown(item)
        ))
    })
}

/// `unknown patch type` of Kubernetes.
pub(super) fn unknown_directive(directive: &Value, patch: Object) -> PatchError {
    PatchError::Contradictory(format!(
        "unknown patch type: {} in map: {}",
        shown(directive),
        shown(&Value::Object(patch))
    ))
}

/// A new value without the maps that carry a directive; `None` when it is such a map itself.
pub(super) fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => Some(
            fields
                .into_iter()
                .filter_map(|(key, value)| Some((key, without_directives(value)?)))
                .collect(),
        ),
        Value::Array(items) => Some(items.into_iter().filter_map(without_directives).collect()),
        other => Some(other),
    }
}
