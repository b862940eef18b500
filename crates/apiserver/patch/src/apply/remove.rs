//! Removing fields from a value.

use serde_json::{Map, Value};

use super::fields::fields_of;
use super::path::PathElement;
use super::set::FieldSet;
use super::types::{Identity, Shape, Type};

/// A value from which fields were removed.
pub(super) struct Remainder {
    /// What is left.
    pub(super) value: Value,
    /// Maps and lists of which nothing is left. They count as fields that are still there, though the value does not show them.
    emptied: FieldSet,
}

impl Remainder {
    /// `value` without the fields.
    pub(super) fn of(value: &Value, removed: &FieldSet, ty: Type<'_>) -> Self {
        let mut emptied = FieldSet::default();
        let left = without(value, removed, ty, &mut Vec::new(), &mut emptied);
        Self {
            value: left.unwrap_or_else(|| Value::Object(Map::new())),
            emptied,
        }
    }

    /// The fields that are left.
    pub(super) fn fields(&self, ty: Type<'_>) -> FieldSet {
        fields_of(&self.value, ty).union(&self.emptied)
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

fn without(
    value: &Value,
    removed: &FieldSet,
    ty: Type<'_>,
    path: &mut Vec<PathElement>,
    emptied: &mut FieldSet,
) -> Option<Value> {
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
                    (Some(below), Some(ty)) => {
                        path.push(element);
                        let value = without(value, below, ty, path, emptied);
                        if value.is_none() {
                            emptied.insert(path);
                        }
                        path.pop();
                        value
                    }
                    _ => Some(value.clone()),
                };
                left.extend(value.map(|value| (name.clone(), value)));
            }
            (!left.is_empty()).then_some(Value::Object(left))
        }
        (Shape::List(list), Value::Array(items)) if list.identity != Identity::None => {
            let mut left = Vec::with_capacity(items.len());
            for item in items {
                let Ok(element) = list.element(item) else {
                    left.push(item.clone());
                    continue;
                };
                if removed.members.contains(&element) {
                    continue;
                }
                match removed.children.get(&element) {
                    Some(below) => {
                        path.push(element);
                        left.extend(without(item, below, list.item, path, emptied));
                        path.pop();
                    }
                    None => left.push(item.clone()),
                }
            }
            (!left.is_empty()).then_some(Value::Array(left))
        }
        _ => None,
    }
}
