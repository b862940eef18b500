//! Default values.

use serde_json::Value;

use crate::Schema;

/// Fills in defaults where a field is missing, or null though the schema does not allow null; other null
/// values that the schema does not allow are removed.
pub fn apply_defaults(schema: Schema<'_>, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let below = schema.field(name);
                !(value.is_null()
                    && below.is_some_and(|below| !below.is_nullable() && below.default().is_none()))
            });
            for (name, node) in schema.properties().into_iter().flatten() {
                let below = schema.at(node);
                if let Some(default) = below.default()
                    && fields
                        .get(name)
                        .is_none_or(|value| is_forbidden_null(below, value))
                {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields {
                set_or_descend(schema.field(name), value);
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| set_or_descend(schema.items(), item)),
        _ => {}
    }
}

fn set_or_descend(schema: Option<Schema<'_>>, value: &mut Value) {
    let Some(schema) = schema else { return };
    if let (true, Some(default)) = (is_forbidden_null(schema, value), schema.default()) {
        *value = default.clone();
    }
    apply_defaults(schema, value);
}

fn is_forbidden_null(schema: Schema<'_>, value: &Value) -> bool {
    value.is_null() && !schema.is_nullable()
}
