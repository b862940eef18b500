//! JSON that remembers which fields stood twice. The last one counts, as in Go.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{MAX_FINDINGS, Path};

/// A body that is no JSON or YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub(super) String);

/// Reads one JSON value; the second part are the paths of fields that stand twice.
pub fn parse_json(text: &[u8]) -> Result<(Value, Vec<String>), ParseError> {
    let mut reader = Reader::default();
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = Node(&mut reader)
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| ParseError(error.to_string()))?;
    Ok((value, reader.duplicates))
}

/// What a reading keeps in mind.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) path: Path,
    /// Paths of the fields that stand twice.
    pub(super) duplicates: Vec<String>,
    /// `1.0` is the integer 1: so it is when YAML becomes JSON.
    pub(super) whole_floats: bool,
}

/// Reads one value and all below it.
pub(super) struct Node<'r>(pub(super) &'r mut Reader);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
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
        if self.0.whole_floats && fits && value.fract() == 0.0 {
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
        let mut list = Vec::new();
        loop {
            let outside = self.0.path.enter_item(list.len());
            let item = items.next_element_seed(Node(self.0))?;
            self.0.path.leave(outside);
            match item {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(Key(name)) = entries.next_key()? {
            let outside = self.0.path.enter_field(&name);
            if fields.contains_key(&name) {
                self.0.duplicate();
            }
            let value = entries.next_value_seed(Node(self.0))?;
            self.0.path.leave(outside);
            fields.insert(name, value);
        }
        Ok(fields.into())
    }
}

impl Reader {
    fn duplicate(&mut self) {
        let path = self.path.to_text();
        if self.duplicates.len() < MAX_FINDINGS && !self.duplicates.contains(&path) {
            self.duplicates.push(path);
        }
    }
}

/// A field's name; YAML also has keys that are numbers and booleans, which become text.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node(&mut Reader::default()).deserialize(deserializer)? {
            Value::String(name) => Ok(Self(name)),
            scalar @ (Value::Bool(_) | Value::Number(_)) => Ok(Self(scalar.to_string())),
            other => Err(D::Error::custom(format_args!("unsupported map key: {other}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn reads_as_serde_json_does() {
        let text = r#"{"a": [1, -2, 1.0, 1e3, 18446744073709551615, "x\n\u00e9"], "b": {"c": null, "d": true}, "": {}}"#;
        let (value, duplicates) = parse_json(text.as_bytes()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert!(duplicates.is_empty());
    }

    #[test]
    fn finds_fields_that_stand_twice() {
        let text = r#"{"a": 1, "spec": {"x": [{"y": 1}, {"y": 1, "y": 2, "y": 3}], "x": 0}, "a": {"b": 2}}"#;
        let (value, duplicates) = parse_json(text.as_bytes()).unwrap();
        assert_eq!(value, json!({"a": {"b": 2}, "spec": {"x": 0}}));
        assert_eq!(duplicates, ["spec.x[1].y", "spec.x", "a"]);
    }

    #[test]
    fn refuses_what_is_no_json() {
        for text in ["", "{", "{} {}", "{a: 1}", "[1,]", "nul", "\u{1}"] {
            assert!(parse_json(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(parse_json(deep.as_bytes()).is_err());
    }
}
