//! Merging maps.

use kinglet_api_schema::Schema;
use serde_json::Value;

use super::directive::{
    DELETE_FROM_LIST, DIRECTIVE, ELEMENT_ORDER, Object, RETAIN_KEYS, not_a_list, unknown_directive,
    without_directives,
};
use super::field::Field;
use super::list;
use crate::error::PatchError;

/// Merges a patch into a map.
pub(super) fn merge(
    mut original: Object,
    mut patch: Object,
    schema: Option<Schema<'_>>,
) -> Result<Object, PatchError> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Object::new()),
            _ => Err(unknown_directive(directive, patch.clone())),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    merge_ordered_lists(&mut original, &mut patch, schema)?;
    for (key, value) in patch {
        match list_name(&key, DELETE_FROM_LIST) {
            Some(name) => delete_from_list(&mut original, name?, &value, schema)?,
            None => merge_field(&mut original, key, value, schema)?,
        }
    }
    Ok(original)
}

/// The list that a directive such as `$setElementOrder/containers` is about; `None` for other keys.
fn list_name<'k>(key: &'k str, directive: &str) -> Option<Result<&'k str, PatchError>> {
    let rest = key.strip_prefix(directive)?;
    let kind = if directive == ELEMENT_ORDER {
        "setElementOrder list"
    } else {
        "primitive list"
    };
    let malformed = || PatchError::Malformed(format!("invalid patch format of {kind}"));
    Some(rest.strip_prefix('/').ok_or_else(malformed))
}

fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), PatchError> {
    let malformed = || PatchError::Malformed("invalid patch format of retainKeys".into());
    let Some(keys) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let keys = keys.as_array().ok_or_else(malformed)?;
    let retained = |key: &str| keys.iter().any(|one| one.as_str() == Some(key));
    let directive = |key: &str| key.starts_with(DELETE_FROM_LIST) || key.starts_with(ELEMENT_ORDER);
    let sets_another =
        |(key, value): (&String, &Value)| !value.is_null() && !directive(key) && !retained(key);
    if patch.iter().any(sets_another) {
        return Err(malformed());
    }
    original.retain(|key, _| retained(key));
    Ok(())
}

/// Merges the lists whose order the patch tells, and takes them out of the patch.
fn merge_ordered_lists(
    original: &mut Object,
    patch: &mut Object,
    schema: Option<Schema<'_>>,
) -> Result<(), PatchError> {
    let directives = patch.keys().filter(|key| key.starts_with(ELEMENT_ORDER)).cloned();
    for key in directives.collect::<Vec<_>>() {
        let wanted = match patch.remove(&key) {
            Some(Value::Array(wanted)) => wanted,
            other => return Err(not_a_list(&other.unwrap_or_default())),
        };
        let Some(name) = list_name(&key, ELEMENT_ORDER).transpose()? else {
            continue;
        };
        let field = Field::of(schema, name);
        let merged = list::merge_ordered(original.get(name), patch.get(name), &wanted, field, merge)?;
        if let Some(merged) = merged {
            original.insert(name.to_owned(), Value::Array(merged));
            patch.remove(name);
        }
    }
    Ok(())
}

fn delete_from_list(
    original: &mut Object,
    name: &str,
    values: &Value,
    schema: Option<Schema<'_>>,
) -> Result<(), PatchError> {
    if values.is_null() {
        original.remove(name);
    }
    let (Some(Value::Array(items)), Value::Array(values)) = (original.get(name), values) else {
        return Ok(());
    };
    let kept = list::without(items, values, Field::of(schema, name), merge)?;
    original.insert(name.to_owned(), Value::Array(kept));
    Ok(())
}

fn merge_field(
    original: &mut Object,
    key: String,
    value: Value,
    schema: Option<Schema<'_>>,
) -> Result<(), PatchError> {
    if value.is_null() {
        original.remove(&key);
        return Ok(());
    }
    let field = Field::of(schema, &key);
    let merged = match (original.remove(&key), value) {
        (Some(Value::Object(old)), Value::Object(patch)) => {
            Some(Value::Object(merge(old, patch, field.value())?))
        }
        (Some(Value::Array(old)), Value::Array(patch)) if field.list_merges() => {
            Some(Value::Array(list::merge(old, patch, field, merge)?))
        }
        (Some(Value::Array(_)), Value::Array(patch)) => Some(Value::Array(patch)),
        (_, mut value) => {
            // There is nothing that nulls and directives could remove.
            discard_nulls(&mut value);
            without_directives(value)
        }
    };
    if let Some(merged) = merged {
        original.insert(key, merged);
    }
    Ok(())
}

fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}
