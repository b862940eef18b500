//! From the bytes of a request to an object of the kind.

use kinglet_api_schema::strict::{self, StrictError};
use kinglet_api_schema::{FieldError, Schema, protobuf};
use serde_json::Value;

use super::call::{Call, FieldValidation};
use crate::custom;
use crate::error::ApiError;
use crate::http::{MediaType, RequestBody};

/// Bytes of a body that an error shows.
const SHOWN: usize = 30;

/// An object as a client sent it.
pub(crate) struct Decoded {
    pub(crate) object: Value,
    /// Fields that stand twice, and (with a schema) fields that do not exist; those are left out.
    pub(crate) complaints: Vec<StrictError>,
}

/// Decodes a body of one of the object media types. `kind` is for errors.
pub(crate) fn decode(
    body: &RequestBody,
    kind: &str,
    schema: Option<Schema<'_>>,
) -> Result<Decoded, ApiError> {
    let bytes = &body.bytes;
    let unrecognized = |prefix: &str, why: &dyn std::fmt::Display| {
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {prefix}{why} ({})",
            summary(bytes)
        ))
    };
    let parsed = match body.object_type()? {
        MediaType::Yaml => strict::decode_yaml(bytes, schema).map_err(|error| unrecognized("", &error))?,
        MediaType::Protobuf => {
            let object = protobuf::decode(bytes).map_err(|error| unrecognized("", &error))?;
            (object, Vec::new())
        }
        _ => strict::decode_json(bytes, schema)
            .map_err(|error| unrecognized("couldn't get version/kind; json parse error: ", &error))?,
    };
    let (object, complaints) = parsed;
    Ok(Decoded { object, complaints })
}

/// The start of a body: JSON as it is, anything else in hexadecimal.
fn summary(bytes: &[u8]) -> String {
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let ellipsis = if bytes.len() > SHOWN { " ..." } else { "" };
    match bytes.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => String::from_utf8_lossy(shown).into_owned() + ellipsis,
        Some(_) => shown.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + ellipsis,
    }
}

impl Call {
    /// The schema by which built-in kinds are decoded; custom resources are parsed as they are and pruned
    /// later.
    pub(crate) fn decoding_schema(&self) -> Option<Schema<'_>> {
        let document = self.kind.resource.schema.as_ref().filter(|_| !self.kind.custom)?;
        Some(document.schema())
    }

    /// Decodes an object of the kind: checks its type, drops unknown fields, and returns it with warnings.
    pub(crate) fn decode_object(&self, body: &RequestBody) -> Result<(Value, Vec<String>), ApiError> {
        let mode = self.field_validation()?;
        let decoded = decode(body, &self.kind.resource.kind, self.decoding_schema())?;
        let mut object = decoded.object;
        self.check_type(&mut object)?;
        let complaints = self.conform(&mut object, decoded.complaints)?;
        let mut warnings = if custom::is_definition(self) {
            custom::unusable_rules(&object)
        } else {
            Vec::new()
        };
        match mode {
            FieldValidation::Ignore => Ok((object, warnings)),
            FieldValidation::Warn => {
                warnings.extend(complaints.iter().map(ToString::to_string));
                Ok((object, warnings))
            }
            FieldValidation::Strict if complaints.is_empty() => Ok((object, warnings)),
            FieldValidation::Strict => {
                let why = format!("strict decoding error: {}", strict::message(&complaints));
                Err(self.cannot_be_handled(&why))
            }
        }
    }

    /// Brings an object into the form of its schema: right types, nothing unknown, nothing empty. Returns all
    /// complaints.
    pub(crate) fn conform(
        &self,
        object: &mut Value,
        mut complaints: Vec<StrictError>,
    ) -> Result<Vec<StrictError>, ApiError> {
        let Some(document) = &self.kind.resource.schema else {
            return Ok(complaints);
        };
        let unknown = strict::drop_unknown(document.schema(), object);
        complaints.extend(unknown.into_iter().map(StrictError::UnknownField));
        if !self.kind.custom {
            if let Some(error) = strict::type_error(document.schema(), object) {
                return Err(self.cannot_be_handled(&error.message));
            }
            // Go decodes into a struct and leaves empty fields out when it writes it (`omitempty`).
            strict::drop_empty(document.schema(), object);
        }
        Ok(complaints)
    }

    fn cannot_be_handled(&self, why: &str) -> ApiError {
        let resource = &self.kind.resource;
        ApiError::bad_request(format!(
            "{kind} in version {:?} cannot be handled as a {kind}: {why}",
            resource.version,
            kind = resource.kind
        ))
    }

    /// Checks `apiVersion` and `kind`, which may be missing.
    pub(crate) fn check_type(&self, object: &mut Value) -> Result<(), ApiError> {
        let resource = &self.kind.resource;
        // Go decodes `null` into an object without fields.
        if object.is_null() {
            *object = Value::Object(serde_json::Map::new());
        }
        let Some(fields) = object.as_object_mut() else {
            return Err(ApiError::bad_request(format!(
                "the object provided is unrecognized (must be of type {}): it is not an object",
                resource.kind
            )));
        };
        let sent = |field: &str| {
            fields
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (version, kind) = (sent("apiVersion"), sent("kind"));
        if !version.is_empty() && version != self.kind.api_version {
            return Err(ApiError::bad_request(format!(
                "the API version in the data ({version}) does not match the expected API version ({})",
                self.kind.api_version
            )));
        }
        if !kind.is_empty() && kind != *resource.kind {
            return Err(ApiError::bad_request(format!(
                "{kind} in version {:?} cannot be handled as a {}: the kind in the data does not match the expected kind",
                resource.version, resource.kind
            )));
        }
        fields.insert("apiVersion".into(), self.kind.api_version.as_str().into());
        fields.insert("kind".into(), (&*resource.kind).into());
        Ok(())
    }

    /// Applies `fieldValidation` to the outcome of a patch: returns warnings, or refuses. `shown` is the
    /// patch or its outcome as text.
    pub(crate) fn judge_patch(
        &self,
        complaints: &[StrictError],
        shown: impl FnOnce() -> String,
    ) -> Result<Vec<String>, ApiError> {
        match self.field_validation()? {
            FieldValidation::Ignore => Ok(Vec::new()),
            FieldValidation::Strict if !complaints.is_empty() => {
                let why = format!("strict decoding error: {}", strict::message(complaints));
                // Without kind and name, as in Kubernetes.
                Err(ApiError::invalid(
                    "",
                    "",
                    "",
                    &[FieldError::invalid("patch", shown(), why)],
                ))
            }
            _ => Ok(complaints.iter().map(ToString::to_string).collect()),
        }
    }
}
