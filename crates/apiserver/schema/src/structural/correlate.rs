//! Which old value of a list belongs to which new one (`oldSelf` in rules).

use serde_json::Value;

/// An old object whose lists stand in the order of the new one's: entries of lists of type `map` belong
/// together by their keys, whatever their places. An entry that is new, and those of other lists, which
/// Kubernetes does not correlate, stand beside themselves, so that no transition is seen.
pub(super) fn correlated(schema: &Value, new: &Value, old: &Value) -> Value {
    match (new, old) {
        (Value::Object(fields), Value::Object(old)) => {
            let mut result = old.clone();
            for (name, new) in fields {
                let schema = match &schema["properties"][name] {
                    Value::Null => &schema["additionalProperties"],
                    declared => declared,
                };
                if let Some(old) = result.get_mut(name) {
                    *old = correlated(schema, new, old);
                }
            }
            Value::Object(result)
        }
        // Rules of the list itself see it as it was; those of entries are judged by places.
        (Value::Array(items), Value::Array(old)) if has_entry_rules(schema) => {
            let found = items.iter().map(|item| entry(schema, item, old));
            Value::Array(found.collect())
        }
        _ => old.clone(),
    }
}

fn has_entry_rules(schema: &Value) -> bool {
    super::validate::has_rules(&schema["items"])
}

fn entry(schema: &Value, item: &Value, old: &[Value]) -> Value {
    let keys: Vec<&str> = schema["x-kubernetes-list-map-keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let same = |old: &&Value| keys.iter().all(|key| old[*key] == item[*key]);
    match old.iter().find(same).filter(|_| !keys.is_empty()) {
        Some(old) => correlated(&schema["items"], item, old),
        None => item.clone(),
    }
}
