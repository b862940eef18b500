//! Lists that are sets or maps (`x-kubernetes-list-type`): no entry stands twice.

use serde_json::{Map, Value};

use crate::{FieldError, ListType, Schema};

/// Adds an error for each entry that stands in a set or map before. Paths write the keys of maps as `[key]`.
pub(super) fn check(schema: Schema<'_>, value: &Value, path: &mut String, errors: &mut Vec<FieldError>) {
    let length = path.len();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let Some(below) = schema.field(name) else { continue };
                match (schema.property(name).is_some(), path.is_empty()) {
                    (true, true) => path.push_str(name),
                    (true, false) => path.push_str(&format!(".{name}")),
                    (false, _) => path.push_str(&format!("[{name}]")),
                }
                check(below, value, path, errors);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            check_list(schema.list_type(), items, path, errors);
            let below = schema.items();
            for (index, item) in items.iter().enumerate() {
                let Some(below) = below else { break };
                path.push_str(&format!("[{index}]"));
                check(below, item, path, errors);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn check_list(kind: ListType<'_>, items: &[Value], path: &str, errors: &mut Vec<FieldError>) {
    let identities: Vec<Value> = match kind {
        ListType::Atomic => return,
        ListType::Set => items.to_vec(),
        ListType::Map(keys) => {
            if let Some((index, item)) = items
                .iter()
                .enumerate()
                .find(|(_, item)| !item.is_object() && !item.is_null())
            {
                let rule = "must be an object for an array of list-type map";
                errors.push(FieldError::invalid(
                    format!("{path}[{index}]"),
                    item.clone(),
                    rule,
                ));
                return;
            }
            items.iter().map(|item| identity(item, keys)).collect()
        }
    };
    for (index, one) in identities.iter().enumerate() {
        // An entry that stands three times is told once.
        if identities
            .iter()
            .take(index)
            .filter(|before| *before == one)
            .count()
            == 1
        {
            errors.push(FieldError::duplicate(format!("{path}[{index}]"), one.clone()));
        }
    }
}

/// The keys of an entry with their values.
fn identity(item: &Value, keys: &[Value]) -> Value {
    let keys = keys.iter().filter_map(Value::as_str);
    let present = keys.filter_map(|key| Some((key.to_owned(), item.get(key)?.clone())));
    Value::Object(present.collect::<Map<_, _>>())
}
