//! Reading JSON, field by field along a schema.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::{MAX_FINDINGS, Path, StrictError};
use crate::Schema;

/// A body that is no JSON or YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub(super) String);

/// Reads one JSON value. What stands twice is found; with a schema (of a built-in kind) also what the schema
/// does not know, which is left out.
///
/// Like Go, an object that stands twice is merged where the schema declares it, and replaced without a
/// schema.
pub fn decode_json(text: &[u8], schema: Option<Schema<'_>>) -> Result<(Value, Vec<StrictError>), ParseError> {
    let mut reader = Reader::default();
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = reader
        .node(schema)
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| ParseError(error.to_string()))?;
    Ok((value, reader.findings))
}

/// What a reading keeps in mind.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) path: Path,
    pub(super) findings: Vec<StrictError>,
    /// The text is YAML: `1.0` is the integer 1, and a key that stands twice is told by its line.
    pub(super) yaml: bool,
}

impl Reader {
    /// Reads a value of the schema.
    pub(super) fn node<'r, 's>(&'r mut self, schema: Option<Schema<'s>>) -> Node<'r, 's> {
        Node { reader: self, schema }
    }

    fn find(&mut self, finding: StrictError) {
        // Each once, as sigs.k8s.io/json tells them: a field may stand three times.
        if self.findings.len() < MAX_FINDINGS && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn duplicate(&mut self, key: &Key) {
        self.find(match key.line {
            Some(line) => StrictError::DuplicateKey {
                line,
                key: key.name.clone(),
            },
            None => StrictError::DuplicateField(self.path.to_text()),
        });
    }

    fn key<'de, A: MapAccess<'de>>(&self, entries: &mut A) -> Result<Option<Key>, A::Error> {
        if !self.yaml {
            return entries.next_key();
        }
        let key: Option<Spanned<Key>> = entries.next_key()?;
        Ok(key.map(|key| Key {
            name: key.value.name,
            line: Some(key.referenced.line()),
        }))
    }
}

/// Reads one value and all below it.
pub(super) struct Node<'r, 's> {
    reader: &'r mut Reader,
    schema: Option<Schema<'s>>,
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // Both bounds are powers of two, so that the comparison is exact.
        let fits = (-(2f64.powi(63))..2f64.powi(63)).contains(&value);
        if self.reader.yaml && fits && value.fract() == 0.0 {
            return Ok((value as i64).into());
        }
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom(format_args!("unsupported value: {value}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let schema = self.schema.and_then(Schema::items);
        let mut list = Vec::new();
        loop {
            let outside = self.reader.path.enter_item(list.len());
            let item = items.next_element_seed(self.reader.node(schema))?;
            self.reader.path.leave(outside);
            match item {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let Self { reader, schema } = self;
        let mut fields = Map::new();
        while let Some(key) = reader.key(&mut entries)? {
            let outside = reader.path.enter_field(&key.name);
            let below = schema.and_then(|schema| schema.field(&key.name));
            if below.is_none() && schema.is_some_and(|schema| !schema.preserves_unknown()) {
                // One complaint for all that is below: Go's decoder skips the value of a field that it does
                // not know.
                reader.find(StrictError::UnknownField(reader.path.to_text()));
                entries.next_value::<IgnoredAny>()?;
            } else {
                if fields.contains_key(&key.name) {
                    reader.duplicate(&key);
                }
                let value = entries.next_value_seed(reader.node(below))?;
                set(&mut fields, key.name, value, below.is_some());
            }
            reader.path.leave(outside);
        }
        Ok(fields.into())
    }
}

fn set(fields: &mut Map<String, Value>, name: String, value: Value, merge: bool) {
    match (fields.get_mut(&name), value) {
        (Some(Value::Object(first)), Value::Object(second)) if merge => {
            for (name, value) in second {
                set(first, name, value, true);
            }
        }
        (_, value) => {
            fields.insert(name, value);
        }
    }
}

/// A field's name; YAML also has keys that are numbers and booleans, which become text.
struct Key {
    name: String,
    /// In YAML, the line that it stands in.
    line: Option<u64>,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut reader = Reader::default();
        let name = match reader.node(None).deserialize(deserializer)? {
            Value::String(name) => name,
            scalar @ (Value::Bool(_) | Value::Number(_)) => scalar.to_string(),
            other => return Err(D::Error::custom(format_args!("unsupported map key: {other}"))),
        };
        Ok(Self { name, line: None })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::strict::message;

    #[test]
    fn reads_as_serde_json_does() {
        let text = r#"{"a": [1, -2, 1.0, 1e3, 18446744073709551615, "x\n\u00e9"], "b": {"c": null, "d": true}, "": {}}"#;
        let (value, findings) = decode_json(text.as_bytes(), None).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert!(findings.is_empty());
    }

    #[test]
    fn finds_fields_that_stand_twice() {
        let text = r#"{"a": 1, "spec": {"x": [{"y": 1}, {"y": 1, "y": 2, "y": 3}], "x": 0}, "a": {"b": 2}}"#;
        let (value, findings) = decode_json(text.as_bytes(), None).unwrap();
        assert_eq!(value, json!({"a": {"b": 2}, "spec": {"x": 0}}));
        assert_eq!(
            message(&findings),
            r#"duplicate field "spec.x[1].y", duplicate field "spec.x", duplicate field "a""#
        );
    }

    /// As a Kubernetes API server answers.
    #[test]
    fn finds_what_the_schema_does_not_know_in_the_order_of_the_text() {
        let document = builtin::document("", "v1", "ConfigMap").unwrap();
        for (text, wanted, findings) in [
            (
                r#"{"metadata": {"name": "m", "Labels": {}}, "Data": {"a": "1"}, "dat": {}, "data": {"a": "0"}, "data": {"a": "1"}}"#,
                json!({"metadata": {"name": "m"}, "data": {"a": "1"}}),
                r#"unknown field "metadata.Labels", unknown field "Data", unknown field "dat", duplicate field "data""#,
            ),
            (
                r#"{"metadata": {"name": "a", "name": "b"}, "data": {"a": "1", "a": "2"}, "data": {"b": "3"}}"#,
                json!({"metadata": {"name": "b"}, "data": {"a": "2", "b": "3"}}),
                r#"duplicate field "metadata.name", duplicate field "data.a", duplicate field "data""#,
            ),
        ] {
            let (value, found) = decode_json(text.as_bytes(), Some(document.schema())).unwrap();
            assert_eq!(value, wanted);
            assert_eq!(message(&found), findings);
        }
    }

    #[test]
    fn refuses_what_is_no_json() {
        for text in ["", "{", "{} {}", "{a: 1}", "[1,]", "nul", "\u{1}"] {
            assert!(decode_json(text.as_bytes(), None).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(decode_json(deep.as_bytes(), None).is_err());
    }
}
