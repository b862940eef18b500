//! From a message to JSON.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::error::DecodeError;
use super::table::{Container, Field, Kind, Name, Table};
use super::wire::{Fields, Wire, text, varint};

/// Deepest nesting of messages, the same as serde_json's for JSON: a Pod needs about a dozen, a definition
/// three for each level of its schema.
const MAX_DEPTH: usize = 128;
/// Most values in one body: two bytes may stand for a value of a hundred, so that a limit on the body is not
/// enough.
const MAX_VALUES: usize = 250_000;

/// Decodes one body.
pub(super) struct Decoder<'t> {
    table: &'t Table,
    depth: usize,
    values: usize,
}

impl<'t> Decoder<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        Self {
            table,
            depth: 0,
            values: 0,
        }
    }

    /// The message at an index of the table.
    pub(super) fn message(&mut self, message: usize, bytes: &[u8]) -> Result<Value, DecodeError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(DecodeError::TooDeep);
        }
        let mut object = Map::new();
        let mut whole = self.table.is_list(message).then(|| Value::Array(Vec::new()));
        for field in Fields::new(bytes) {
            let (number, wire) = field?;
            let Some(field) = self.table.field(message, number) else {
                continue;
            };
            match &field.name {
                Name::Field(name) => self.set(object.entry(*name).or_insert(Value::Null), field, wire)?,
                Name::Whole => self.set(whole.get_or_insert(Value::Null), field, wire)?,
                Name::Either => {
                    let place = whole.get_or_insert(Value::Null);
                    // Only a list goes on with what was there; of other fields the last one counts.
                    if field.container == Container::Once || !place.is_array() {
                        *place = Value::Null;
                    }
                    self.set(place, field, wire)?;
                }
                Name::Inline => {
                    if let Some(Value::Object(fields)) = self.value(field.kind, wire)? {
                        object.extend(fields);
                    }
                }
            }
        }
        self.depth -= 1;
        object.retain(|_, value| !value.is_null());
        Ok(whole.unwrap_or(Value::Object(object)))
    }

    /// Puts a value where the field has its place; what counts as absent leaves null.
    fn set(&mut self, place: &mut Value, field: &Field, wire: Wire<'_>) -> Result<(), DecodeError> {
        match (&field.container, wire) {
            (Container::Once, wire) => {
                let value = self.value(field.kind, wire)?;
                // Go's encoder writes zeros of fields that are no pointers (proto2), which its JSON omits
                // (`omitempty`).
                *place = value
                    .filter(|value| field.zero_counts || !field.kind.is_scalar() || !is_zero(value))
                    .unwrap_or_default();
            }
            (Container::Map, Wire::Bytes(entry)) => {
                let (key, value) = self.entry(field.kind, entry)?;
                insert(place, key, value);
            }
            (Container::Map, wire) => return Err(wrong_type(wire)),
            // Kubernetes packs no lists, but a decoder has to take both forms (protobuf's encoding guide).
            (Container::List, Wire::Bytes(packed)) if is_packable(field.kind) => {
                let mut rest = packed;
                while !rest.is_empty() {
                    let number = Wire::Varint(varint(&mut rest)?);
                    self.push(place, field.kind, number)?;
                }
            }
            (Container::List, wire) => self.push(place, field.kind, wire)?,
        }
        Ok(())
    }

    fn push(&mut self, place: &mut Value, kind: Kind, wire: Wire<'_>) -> Result<(), DecodeError> {
        let value = self.value(kind, wire)?.unwrap_or_default();
        match place {
            Value::Array(items) => items.push(value),
            place => *place = Value::Array(vec![value]),
        }
        Ok(())
    }

    /// An entry of a map: key in field 1, value in field 2, each missing if it is zero.
    fn entry(&mut self, kind: Kind, bytes: &[u8]) -> Result<(String, Value), DecodeError> {
        let (mut key, mut value) = (String::new(), None);
        for field in Fields::new(bytes) {
            match field? {
                (1, Wire::Bytes(bytes)) => key = text(bytes),
                (2, wire) => value = self.value(kind, wire)?,
                _ => {}
            }
        }
        let zero = || self.value(kind, zero_of(kind)).ok().flatten();
        Ok((key, value.or_else(zero).unwrap_or_default()))
    }

    /// One value; `None` is a time that is not set.
    fn value(&mut self, kind: Kind, wire: Wire<'_>) -> Result<Option<Value>, DecodeError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(DecodeError::TooLarge);
        }
        Ok(Some(match (kind, wire) {
            (Kind::Bool, Wire::Varint(number)) => (number != 0).into(),
            // Negative numbers are sign-extended to 64 bits.
            (Kind::Int32, Wire::Varint(number)) => (number as i32).into(),
            (Kind::Int64, Wire::Varint(number)) => (number as i64).into(),
            (Kind::Double, Wire::Fixed64(bits)) => number(f64::from_bits(bits)),
            (Kind::Text, Wire::Bytes(bytes)) => text(bytes).into(),
            (Kind::Bytes, Wire::Bytes(bytes)) => BASE64_STANDARD.encode(bytes).into(),
            (Kind::Message(message), Wire::Bytes(bytes)) => self.message(message, bytes)?,
            (Kind::Quantity, Wire::Bytes(bytes)) => part(bytes, 1)?.map_or_else(String::new, text).into(),
            (Kind::IntOrString, Wire::Bytes(bytes)) => int_or_string(bytes)?,
            (Kind::Json, Wire::Bytes(bytes)) => return json(bytes),
            (Kind::Time | Kind::MicroTime, Wire::Bytes([])) => return Ok(None),
            (Kind::Time, Wire::Bytes(bytes)) => {
                time(bytes)?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
            }
            (Kind::MicroTime, Wire::Bytes(bytes)) => {
                time(bytes)?.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into()
            }
            (_, wire) => return Err(wrong_type(wire)),
        }))
    }
}

fn insert(place: &mut Value, key: String, value: Value) {
    match place {
        Value::Object(fields) => {
            fields.insert(key, value);
        }
        place => *place = Map::from_iter([(key, value)]).into(),
    }
}

fn is_packable(kind: Kind) -> bool {
    matches!(kind, Kind::Bool | Kind::Int32 | Kind::Int64)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn zero_of(kind: Kind) -> Wire<'static> {
    match kind {
        Kind::Bool | Kind::Int32 | Kind::Int64 => Wire::Varint(0),
        Kind::Double => Wire::Fixed64(0),
        _ => Wire::Bytes(&[]),
    }
}

fn wrong_type(wire: Wire<'_>) -> DecodeError {
    let number = match wire {
        Wire::Varint(_) => 0,
        Wire::Fixed64(_) => 1,
        Wire::Bytes(_) => 2,
        Wire::Fixed32(_) => 5,
    };
    DecodeError::Malformed(format!("wrong wireType = {number}"))
}

/// Numbers without a fraction have none in Go's JSON, either; from 2^53 on not every integer is one.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        (value as i64).into()
    } else {
        value.into()
    }
}

/// The last field of a number that holds bytes.
fn part(bytes: &[u8], wanted: u64) -> Result<Option<&[u8]>, DecodeError> {
    let mut found = None;
    for field in Fields::new(bytes) {
        // If a field stands twice, the last one counts (protobuf's encoding guide).
        if let (number, Wire::Bytes(bytes)) = field?
            && number == wanted
        {
            found = Some(bytes);
        }
    }
    Ok(found)
}

/// `type` (0 for a number) in field 1, the number in 2, the text in 3.
fn int_or_string(bytes: &[u8]) -> Result<Value, DecodeError> {
    let (mut is_text, mut number) = (false, 0);
    for field in Fields::new(bytes) {
        match field? {
            (1, Wire::Varint(kind)) => is_text = kind != 0,
            (2, Wire::Varint(value)) => number = value as i32,
            _ => {}
        }
    }
    Ok(if is_text {
        part(bytes, 3)?.map_or_else(String::new, text).into()
    } else {
        number.into()
    })
}

/// Seconds since 1970 in field 1, nanoseconds in 2.
fn time(bytes: &[u8]) -> Result<Timestamp, DecodeError> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    for field in Fields::new(bytes) {
        match field? {
            (1, Wire::Varint(value)) => seconds = value as i64,
            (2, Wire::Varint(value)) => nanoseconds = value as i32,
            _ => {}
        }
    }
    Timestamp::new(seconds, nanoseconds).map_err(|error| DecodeError::Malformed(error.to_string()))
}

fn json(bytes: &[u8]) -> Result<Option<Value>, DecodeError> {
    match part(bytes, 1)? {
        // Go writes a `RawExtension` and `FieldsV1` without bytes as null.
        None | Some([]) => Ok(None),
        Some(text) => serde_json::from_slice(text)
            .map(Some)
            .map_err(|error| DecodeError::Malformed(error.to_string())),
    }
}
