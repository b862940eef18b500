//! The set of all fields of a value.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::PathElement;
use super::set::FieldSet;
use super::types::{Identity, List, Shape, Type};

/// The fields that a configuration has: leaves, items of lists, entries of maps, and empty maps.
pub(super) fn fields_of(value: &Value, ty: Type<'_>) -> FieldSet {
    let mut set = FieldSet::default();
    collect(value, ty, &mut Vec::new(), &mut set);
    set
}

fn collect(value: &Value, ty: Type<'_>, path: &mut Vec<PathElement>, set: &mut FieldSet) {
    match (ty.shape(Some(value)), value) {
        (Shape::Scalar(_) | Shape::Map { atomic: true }, _) => set.insert(path),
        (Shape::List(list), _) if list.identity == Identity::None => set.insert(path),
        (Shape::List(list), Value::Array(items)) => collect_items(items, &list, path, set),
        (Shape::Map { .. }, Value::Object(fields)) => {
            for (name, value) in fields {
                path.push(PathElement::field(name));
                if let Some(ty) = ty.field(name) {
                    collect(value, ty, path, set);
                }
                let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                // Entries of maps are owned themselves, declared fields only by what is in them.
                if empty || !ty.declares(name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        _ => {}
    }
}

/// Items that stand more than once are owned as one, without what is in them.
fn collect_items(items: &[Value], list: &List<'_>, path: &mut Vec<PathElement>, set: &mut FieldSet) {
    let mut named: BTreeMap<PathElement, Vec<&Value>> = BTreeMap::new();
    for item in items {
        if let Ok(element) = list.element(item) {
            named.entry(element).or_default().push(item);
        }
    }
    for (element, items) in named {
        path.push(element);
        if let [only] = items.as_slice() {
            collect(only, list.item, path, set);
        }
        set.insert(path);
        path.pop();
    }
}
