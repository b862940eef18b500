//! Values of another type than the schema's, in the words of Go's JSON decoder.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Number, Value};

use super::Path;
use crate::Schema;

/// The first value that a body gives in another type than the schema's. Kubernetes' answer puts the kind in
/// front: `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal ...`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TypeError {
    /// Path of the field, with the indices of lists.
    pub field: String,
    /// For instance `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type
    /// int32`.
    pub message: String,
}

/// Compares the types of a built-in kind's object with its schema.
pub fn type_error(schema: Schema<'_>, value: &Value) -> Option<TypeError> {
    let mut walk = Walk::default();
    walk.node(schema, value).map(|message| TypeError {
        field: walk.path.to_text(),
        message,
    })
}

/// The paths stay where the error is.
#[derive(Default)]
struct Walk<'a> {
    path: Path,
    /// The path as Go tells it: only fields of structs.
    fields: Vec<&'a str>,
    /// Innermost definition.
    definition: &'a str,
}

impl<'a> Walk<'a> {
    fn node(&mut self, schema: Schema<'a>, value: &'a Value) -> Option<String> {
        // Go's decoder leaves a field as it is when told null.
        if value.is_null() || schema.accepts_anything() {
            return None;
        }
        match (value, schema.kind()) {
            (Value::Object(fields), Some("object")) => fields
                .iter()
                .find_map(|(name, value)| self.field(schema, name, value)),
            (Value::Array(items), Some("array")) => {
                let schema = schema.items()?;
                items
                    .iter()
                    .enumerate()
                    .find_map(|(index, item)| self.item(schema, index, item))
            }
            _ => self.scalar(schema, value),
        }
    }

    fn field(&mut self, schema: Schema<'a>, name: &'a str, value: &'a Value) -> Option<String> {
        let below = schema.field(name)?;
        let outside = (self.path.enter_field(name), self.fields.len(), self.definition);
        if schema.properties().is_some() {
            self.fields.push(name);
            self.definition = schema.definition_name().map_or(self.definition, last_segment);
        }
        let error = self.node(below, value);
        if error.is_none() {
            self.path.leave(outside.0);
            self.fields.truncate(outside.1);
            self.definition = outside.2;
        }
        error
    }

    fn item(&mut self, schema: Schema<'a>, index: usize, value: &'a Value) -> Option<String> {
        let outside = self.path.enter_item(index);
        let error = self.node(schema, value);
        if error.is_none() {
            self.path.leave(outside);
        }
        error
    }

    fn scalar(&self, schema: Schema<'a>, value: &Value) -> Option<String> {
        if schema
            .definition_name()
            .is_some_and(|name| name.ends_with(".Quantity"))
        {
            return quantity_error(value);
        }
        let fits = match (value, schema.kind()) {
            (Value::Number(_), None) => schema.is_int_or_string(),
            (Value::String(_), None) => schema.is_int_or_string(),
            (Value::Bool(_), Some("boolean")) => true,
            (Value::Number(_), Some("number")) => true,
            (Value::Number(number), Some("integer")) => fits_integer(number, schema.format()),
            (Value::String(text), Some("string")) => return string_error(text, schema),
            _ => false,
        };
        (!fits).then(|| {
            format!(
                "json: cannot unmarshal {} into Go {} of type {}",
                json_type(value, schema),
                self.place(),
                go_type(schema)
            )
        })
    }

    fn place(&self) -> String {
        if self.fields.is_empty() {
            return "value".to_owned();
        }
        format!("struct field {}.{}", self.definition, self.fields.join("."))
    }
}

fn last_segment(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn fits_integer(number: &Number, format: Option<&str>) -> bool {
    match format {
        Some("int32") => number
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        // Go parses the digits as they stand: `1.0` is no integer.
        _ => number.is_i64(),
    }
}

fn string_error(text: &str, schema: Schema<'_>) -> Option<String> {
    match schema.format() {
        Some("date-time") if text.parse::<Timestamp>().is_err() => {
            let is_micro = schema
                .definition_name()
                .is_some_and(|name| name.ends_with(".MicroTime"));
            let fraction = if is_micro { ".000000" } else { "" };
            // Go names the part of the layout where parsing stopped; we always name the first.
            let layout = format!("2006-01-02T15:04:05{fraction}Z07:00");
            Some(format!(
                "parsing time {text:?} as {layout:?}: cannot parse {text:?} as \"2006\""
            ))
        }
        // Go's decoder skips line breaks.
        Some("byte") => match BASE64_STANDARD.decode(text.replace(['\n', '\r'], "")) {
            Ok(_) => None,
            Err(_) => Some(format!(
                "illegal base64 data at input byte {}",
                base64_offset(text)
            )),
        },
        _ => None,
    }
}

/// Where Go's decoder stops: at the first character outside the alphabet, else at the end.
fn base64_offset(text: &str) -> usize {
    text.bytes()
        .position(|byte| {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r'))
        })
        .unwrap_or(text.len())
}

/// Quantities are numbers or texts such as `100m`, `1.5Gi` or `2e3`.
fn quantity_error(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => other.to_string(),
    };
    let number = text.trim_start_matches(['+', '-']);
    let unit = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let digits = number.get(..number.len() - unit.len()).unwrap_or_default();
    let known_unit = matches!(
        unit,
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei"
    );
    let exponent = unit
        .strip_prefix(['e', 'E'])
        .is_some_and(|exponent| exponent.parse::<i32>().is_ok());
    let is_number = digits.bytes().any(|byte| byte.is_ascii_digit()) && digits.matches('.').count() <= 1;
    (!(is_number && (known_unit || exponent) && text.len() - number.len() <= 1)).then(|| {
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            .to_owned()
    })
}

/// Go's name for the type of a JSON value. Numbers show themselves where an integer is wanted.
fn json_type(value: &Value, schema: Schema<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(number) if schema.kind() == Some("integer") => format!("number {number}"),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    }
}

/// The Go type that a schema describes; named texts and numbers count as plain ones.
fn go_type(schema: Schema<'_>) -> String {
    let below = |schema: Option<Schema<'_>>| schema.map_or_else(|| "interface {}".to_owned(), go_type);
    if let Some(name) = schema.definition_name() {
        let mut segments = name.rsplitn(3, '.');
        let (kind, package) = (segments.next(), segments.next());
        return format!("{}.{}", package.unwrap_or_default(), kind.unwrap_or_default());
    }
    match (schema.kind(), schema.format()) {
        (Some("boolean"), _) => "bool".to_owned(),
        (Some("integer"), Some(format)) => format.to_owned(),
        (Some("integer"), None) => "int".to_owned(),
        (Some("number"), _) => "float64".to_owned(),
        (Some("string"), Some("byte")) => "[]uint8".to_owned(),
        (Some("string"), _) => "string".to_owned(),
        (Some("array"), _) => format!("[]{}", below(schema.items())),
        (Some("object"), _) => format!("map[string]{}", below(schema.values())),
        _ => "interface {}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::builtin;

    fn error(group: &str, kind: &str, value: Value) -> Option<(String, String)> {
        let document = builtin::document(group, "v1", kind).unwrap();
        type_error(document.schema(), &value).map(|error| (error.field, error.message))
    }

    #[test]
    fn names_the_field_and_both_types() {
        let pod = |container: Value| json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        for (value, field, message) in [
            (
                json!({"spec": {"replicas": "x"}}),
                "spec.replicas",
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                json!({"spec": {"replicas": 3000000000u32}}),
                "spec.replicas",
                "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                json!({"spec": []}),
                "spec",
                "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec",
            ),
            (
                pod(json!({"image": 1})),
                "spec.template.spec.containers[0].image",
                "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string",
            ),
            (
                pod(json!({"command": "x"})),
                "spec.template.spec.containers[0].command",
                "json: cannot unmarshal string into Go struct field Container.spec.template.spec.containers.command of type []string",
            ),
            (
                json!({"metadata": {"labels": {"a": 1}}}),
                "metadata.labels.a",
                "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
            ),
            (
                json!([]),
                "",
                "json: cannot unmarshal array into Go value of type v1.Deployment",
            ),
        ] {
            let wanted = Some((field.to_owned(), message.to_owned()));
            assert_eq!(error("apps", "Deployment", value), wanted);
        }
    }

    #[test]
    fn special_types() {
        let service = |port: Value| error("", "Service", json!({"spec": {"ports": [{"targetPort": port}]}}));
        assert_eq!(service(json!(80)), None);
        assert_eq!(service(json!("http")), None);
        assert!(service(json!(true)).is_some());
        let limit = |limit: Value| {
            error(
                "",
                "Pod",
                json!({"spec": {"containers": [{"resources": {"limits": {"cpu": limit}}}]}}),
            )
        };
        for good in [
            json!("100m"),
            json!(2),
            json!(1.5),
            json!("1e3"),
            json!("-1Gi"),
            json!("+.5"),
        ] {
            assert_eq!(limit(good.clone()), None, "{good}");
        }
        for bad in [
            json!("x"),
            json!("1 Gi"),
            json!("1.2.3"),
            json!("--1"),
            json!({}),
            json!(""),
        ] {
            assert!(limit(bad.clone()).is_some(), "{bad}");
        }
        let secret = |data: &str| error("", "Secret", json!({"data": {"a": data}}));
        assert_eq!(secret("aGVsbG8="), None);
        assert_eq!(secret("a*").unwrap().1, "illegal base64 data at input byte 1");
        let time = |time: &str| error("", "Pod", json!({"metadata": {"creationTimestamp": time}}));
        assert_eq!(time("2024-01-01T00:00:00Z"), None);
        assert_eq!(
            time("yesterday").unwrap().1,
            r#"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#
        );
        let lease = error(
            "coordination.k8s.io",
            "Lease",
            json!({"spec": {"renewTime": "yesterday"}}),
        );
        assert_eq!(
            lease.unwrap().1,
            r#"parsing time "yesterday" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "yesterday" as "2006""#
        );
        let crd = json!({"spec": {"versions": [{"schema": {"openAPIV3Schema": {"default": [1], "additionalProperties": false}}}]}});
        assert_eq!(
            error("apiextensions.k8s.io", "CustomResourceDefinition", crd),
            None
        );
    }
}
