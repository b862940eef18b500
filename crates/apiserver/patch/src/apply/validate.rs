//! Checks that a value is of its type, so that everything after may rely on it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::path::PathElement;
use super::types::{Identity, List, ScalarKind, Shape, Type};
use crate::error::{decoded_type, shown};

/// What is wrong with a value, in the words of structured-merge-diff: each fault with its path.
pub(super) fn faults(value: &Value, ty: Type<'_>, duplicates_allowed: bool) -> Option<String> {
    let mut faults = Faults {
        duplicates_allowed,
        found: Vec::new(),
    };
    faults.value(value, ty, &mut String::new());
    match faults.found.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        many => Some(format!("errors:\n  {}", many.join("\n  "))),
    }
}

struct Faults {
    duplicates_allowed: bool,
    found: Vec<String>,
}

impl Faults {
    fn add(&mut self, path: &str, message: &str) {
        self.found.push(if path.is_empty() {
            message.to_owned()
        } else {
            format!("{path}: {message}")
        });
    }

    fn value(&mut self, value: &Value, ty: Type<'_>, path: &mut String) {
        if value.is_null() || !matches!(ty, Type::Declared(_)) {
            return;
        }
        match (ty.shape(Some(value)), value) {
            (Shape::Scalar(kind), _) => {
                if let Some(message) = scalar_fault(kind, value) {
                    self.add(path, &message);
                }
            }
            (Shape::List(list), Value::Array(items)) => self.items(items, &list, path),
            (Shape::List(_), other) => self.add(path, &format!("expected list, got &{{{}}}", shown(other))),
            (Shape::Map { .. }, Value::Object(fields)) => {
                for (name, value) in fields {
                    let length = path.len();
                    path.push_str(&PathElement::field(name).to_string());
                    match ty.field(name) {
                        Some(ty) => self.value(value, ty, path),
                        None => self.add(path, "field not declared in schema"),
                    }
                    path.truncate(length);
                }
            }
            (Shape::Map { .. }, other) => self.add(path, &format!("expected map, got &{{{}}}", shown(other))),
        }
    }

    fn items(&mut self, items: &[Value], list: &List<'_>, path: &mut String) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let element = if list.identity == Identity::None {
                Ok(PathElement::Index(index))
            } else {
                list.element(item)
            };
            let element = match element {
                Ok(element) => element,
                // Without its name, what is wrong below has no path: structured-merge-diff gives the list up
                // here.
                Err(message) => return self.add(path, &format!("element {index}: {message}")),
            };
            let length = path.len();
            if seen.contains(&element) && !self.duplicates_allowed {
                self.add(path, &format!("duplicate entries for key {element}"));
            }
            path.push_str(&element.to_string());
            self.value(item, list.item, path);
            path.truncate(length);
            seen.insert(element);
        }
    }
}

fn scalar_fault(kind: ScalarKind, value: &Value) -> Option<String> {
    match (kind, value) {
        (ScalarKind::Number, Value::Number(_))
        | (ScalarKind::String, Value::String(_))
        | (ScalarKind::Boolean, Value::Bool(_))
        | (ScalarKind::Any, Value::Number(_) | Value::String(_) | Value::Bool(_)) => None,
        (ScalarKind::Number, other) => Some(format!(
            "expected numeric (int or float), got {}",
            decoded_type(other)
        )),
        (ScalarKind::String, other) => Some(format!(
            "expected string, got &value.valueUnstructured{{Value:{}}}",
            shown(other)
        )),
        (ScalarKind::Boolean, other) => Some(format!("expected boolean, got &{{{}}}", shown(other))),
        (ScalarKind::Any, other) => Some(format!("expected any scalar, got &{{{}}}", shown(other))),
    }
}
