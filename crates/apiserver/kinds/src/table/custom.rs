//! Columns of custom resources (`additionalPrinterColumns`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use crate::json::Json;
use crate::jsonpath::JsonPath;

/// The `TableColumnDefinition` of a column.
pub(super) fn definition(column: &Value) -> Value {
    let description = match column.text("description") {
        "" => format!(
            "Custom resource definition column (in JSONPath format): {}",
            column.text("jsonPath")
        ),
        text => text.to_owned(),
    };
    json!({
        "name": column.text("name"), "type": column.text("type"), "format": column.text("format"),
        "description": description, "priority": column.int("priority"),
    })
}

/// The cell of an object; null when the value is missing or of another type than the column.
pub(super) fn cell(column: &Value, object: &Value, now: Timestamp) -> Value {
    let path = JsonPath::parse(column.text("jsonPath"));
    let found = path.and_then(|path| path.find(object).first().map(|value| (*value).clone()));
    let value = found.unwrap_or_default();
    match (column.text("type"), &value) {
        ("string", Value::Null | Value::String(_)) => value,
        ("string", _) => value.to_string().into(),
        ("integer", Value::Number(number)) => number
            .as_i64()
            .map_or_else(|| number.as_f64().map(|float| float.trunc()).into(), Value::from),
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value,
        ("date", Value::String(time)) => match time.parse::<Timestamp>() {
            Ok(_) => age::since(time, now).into(),
            Err(_) => "<invalid>".into(),
        },
        _ => Value::Null,
    }
}
