//! Kubernetes' protobuf form of objects, as kubectl 1.32 and newer send it for `create` and `auth`.
//!
//! A body is `k8s\0`, then a `runtime.Unknown` that carries `apiVersion`, `kind` and the encoded object. What
//! comes out is the object as JSON. Fields that are not known are skipped, as protobuf wants it.

mod error;
mod message;
mod table;
mod wire;

use serde_json::Value;

pub use error::DecodeError;
use message::Decoder;
use wire::{Fields, Wire};

/// What every body starts with.
const MAGIC: &[u8] = b"k8s\0";

/// `runtime.Unknown`.
#[derive(Default)]
struct Envelope<'a> {
    api_version: String,
    kind: String,
    raw: &'a [u8],
    content_encoding: String,
    content_type: String,
}

/// Decodes a body to the object as JSON, with `apiVersion` and `kind`.
///
/// # Errors
/// The body is not in Kubernetes' protobuf form, or of a kind that the table does not know.
pub fn decode(body: &[u8]) -> Result<Value, DecodeError> {
    let envelope = Envelope::read(body.strip_prefix(MAGIC).ok_or(DecodeError::NoMagic)?)?;
    if !envelope.content_encoding.is_empty() {
        return Err(DecodeError::UnsupportedContent(envelope.content_encoding));
    }
    let mut object = match envelope.content_type.as_str() {
        "" | "application/vnd.kubernetes.protobuf" => envelope.message()?,
        "application/json" => {
            serde_json::from_slice(envelope.raw).map_err(|error| DecodeError::Malformed(error.to_string()))?
        }
        _ => return Err(DecodeError::UnsupportedContent(envelope.content_type)),
    };
    if let Some(fields) = object.as_object_mut() {
        // In Go's types both are `TypeMeta`, which has no field numbers: only the envelope carries them.
        fields.insert("apiVersion".into(), envelope.api_version.into());
        fields.insert("kind".into(), envelope.kind.into());
    }
    Ok(object)
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut envelope = Self::default();
        for field in Fields::new(bytes) {
            match field? {
                (1, Wire::Bytes(meta)) => envelope.read_type(meta)?,
                (2, Wire::Bytes(raw)) => envelope.raw = raw,
                (3, Wire::Bytes(text)) => envelope.content_encoding = wire::text(text),
                (4, Wire::Bytes(text)) => envelope.content_type = wire::text(text),
                _ => {}
            }
        }
        Ok(envelope)
    }

    fn read_type(&mut self, meta: &[u8]) -> Result<(), DecodeError> {
        for field in Fields::new(meta) {
            match field? {
                (1, Wire::Bytes(text)) => self.api_version = wire::text(text),
                (2, Wire::Bytes(text)) => self.kind = wire::text(text),
                _ => {}
            }
        }
        Ok(())
    }

    fn message(&self) -> Result<Value, DecodeError> {
        let table = table::table();
        let message = table
            .find(&self.api_version, &self.kind)
            .ok_or_else(|| DecodeError::UnknownKind {
                api_version: self.api_version.clone(),
                kind: self.kind.clone(),
            })?;
        Decoder::new(table).message(message, self.raw)
    }
}

#[cfg(test)]
mod tests;
