//! Removing fields from a value.

use serde_json::{Map, Value};

use super::path::PathElement;
use super::set::FieldSet;
use super::types::{Identity, Shape, Type};

/// A value without some fields. A map or list of which nothing is left becomes `null`: the field is still
/// there, and may have owners.
pub(super) fn remove(value: &Value, removed: &FieldSet, ty: Type<'_>) -> Value {
    without(value, removed, ty).unwrap_or_default()
}

/// Drops the `null`s that [`remove`] has left in place of what was in `before`.
pub(super) fn drop_emptied(value: &mut Value, before: &Value, ty: Type<'_>) {
    match (ty.shape(Some(before)), value, before) {
        (Shape::Map { .. }, Value::Object(fields), Value::Object(before)) => {
            let was_set = |name: &str| before.get(name).is_some_and(|old| !old.is_null());
            fields.retain(|name, value| !(value.is_null() && was_set(name)));
            for (name, value) in fields {
                if let (Some(before), Some(ty)) = (before.get(name), ty.field(name)) {
                    drop_emptied(value, before, ty);
                }
            }
        }
        (Shape::List(list), Value::Array(items), Value::Array(before)) => {
            for item in items {
                let element = list.element(item);
                let same = |old: &&Value| element.is_ok() && list.element(old) == element;
                if let Some(before) = before.iter().find(same) {
                    drop_emptied(item, before, list.item);
                }
            }
        }
        _ => {}
    }
}

/// The set with all declared fields on the way to its paths.
pub(super) fn with_named_fields(set: &FieldSet, ty: Option<Type<'_>>) -> FieldSet {
    let mut named = set.clone();
    for (element, child) in &set.children {
        let below = match element {
            PathElement::Field(name) => {
                if ty.is_some_and(|ty| ty.declares(name)) {
                    named.members.insert(element.clone());
                }
                ty.and_then(|ty| ty.field(name))
            }
            PathElement::Key(_) => ty.and_then(Type::item),
            PathElement::Value(_) | PathElement::Index(_) => None,
        };
        named
            .children
            .insert(element.clone(), with_named_fields(child, below));
    }
    named
}

fn without(value: &Value, removed: &FieldSet, ty: Type<'_>) -> Option<Value> {
    match (ty.shape(Some(value)), value) {
        (Shape::Scalar(_), _) => Some(value.clone()),
        (Shape::Map { atomic: false }, Value::Object(fields)) => {
            let mut left = Map::new();
            for (name, value) in fields {
                let element = PathElement::field(name);
                if removed.members.contains(&element) {
                    continue;
                }
                let value = match (removed.children.get(&element), ty.field(name)) {
                    (Some(below), Some(ty)) => remove(value, below, ty),
                    _ => value.clone(),
                };
                left.insert(name.clone(), value);
            }
            (!left.is_empty()).then_some(Value::Object(left))
        }
        (Shape::List(list), Value::Array(items)) if list.identity != Identity::None => {
            let left = items.iter().filter_map(|item| {
                // No set of fields can name it.
                let Ok(element) = list.element(item) else {
                    return Some(item.clone());
                };
                if removed.members.contains(&element) {
                    return None;
                }
                match removed.children.get(&element) {
                    Some(below) => without(item, below, list.item),
                    None => Some(item.clone()),
                }
            });
            let left: Vec<_> = left.collect();
            (!left.is_empty()).then_some(Value::Array(left))
        }
        _ => None,
    }
}
