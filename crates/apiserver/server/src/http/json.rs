//! A JSON parser that notices fields that stand twice, which `serde_json` silently overwrites.

use std::fmt::{self, Write};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Parses JSON. The second value lists the paths of duplicate fields, for instance `spec.ports[0].name`; the last one counts.
pub(crate) fn parse_json(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut found = Duplicates::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Node(&mut found).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, found.duplicates))
}

#[derive(Default)]
struct Duplicates {
    path: String,
    duplicates: Vec<String>,
}

struct Node<'a>(&'a mut Duplicates);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Self(found) = self;
        let length = found.path.len();
        let mut list = Vec::new();
        loop {
            // Writing to a string cannot fail.
            let _ok = write!(found.path, "[{}]", list.len());
            let item = items.next_element_seed(Node(found))?;
            found.path.truncate(length);
            match item {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let Self(found) = self;
        let length = found.path.len();
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if length > 0 {
                found.path.push('.');
            }
            found.path.push_str(&key);
            if map.contains_key(&key) {
                found.duplicates.push(found.path.clone());
            }
            let value = entries.next_value_seed(Node(found))?;
            found.path.truncate(length);
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_serde_json_reads() {
        let text = br#"{"a":[1,-2,2.5,null,true,"x\n"],"b":{"c":{}}}"#;
        let (value, duplicates) = parse_json(text).unwrap();
        assert_eq!(value, serde_json::from_slice::<Value>(text).unwrap());
        assert!(duplicates.is_empty());
        assert!(parse_json(b"{} x").is_err());
    }

    #[test]
    fn names_duplicates() {
        let (value, duplicates) = parse_json(br#"{"spec":{"a":1,"a":2,"l":[{},{"n":1,"n":3}]},"spec2":1}"#).unwrap();
        assert_eq!(duplicates, ["spec.a", "spec.l[1].n"]);
        assert_eq!(value["spec"]["a"], 2);
    }
}
