//! From the bytes of a request to an object of the kind.

use crate::pending::{protobuf, strict};
use serde_json::Value;

use super::call::{Call, FieldValidation};
use crate::error::ApiError;
use crate::http::{MediaType, RequestBody, parse_json};

/// An object as a client sent it.
pub(crate) struct Decoded {
    pub(crate) object: Value,
    /// What strict decoding found: `duplicate field "..."`.
    pub(crate) complaints: Vec<String>,
}

/// Decodes a body of one of the object media types.
pub(crate) fn decode(body: &RequestBody) -> Result<Decoded, ApiError> {
    if body.bytes.is_empty() {
        return Err(ApiError::bad_request("the request's body is empty"));
    }
    match body.object_type()? {
        MediaType::Yaml => decode_yaml(&body.bytes),
        MediaType::Protobuf => protobuf::decode(&body.bytes)
            .map(|object| Decoded {
                object,
                complaints: Vec::new(),
            })
            .map_err(|error| ApiError::bad_request(error.to_string())),
        _ => decode_json(&body.bytes),
    }
}

/// JSON, with duplicate fields noted.
pub(crate) fn decode_json(bytes: &[u8]) -> Result<Decoded, ApiError> {
    let (object, duplicates) = parse_json(bytes)
        .map_err(|error| ApiError::bad_request(format!("couldn't get version/kind; json parse error: {error}")))?;
    let complaints = duplicates
        .into_iter()
        .map(|path| format!("duplicate field \"{path}\""))
        .collect();
    Ok(Decoded { object, complaints })
}

/// YAML, of which JSON is a subset.
pub(crate) fn decode_yaml(bytes: &[u8]) -> Result<Decoded, ApiError> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
        && let Ok(decoded) = decode_json(bytes)
    {
        return Ok(decoded);
    }
    let object = serde_saphyr::from_slice(bytes)
        .map_err(|error| ApiError::bad_request(format!("error converting YAML to JSON: yaml: {error}")))?;
    Ok(Decoded {
        object,
        complaints: Vec::new(),
    })
}

impl Call {
    /// Checks `apiVersion` and `kind`, which may be missing.
    pub(crate) fn check_type(&self, object: &mut Value) -> Result<(), ApiError> {
        let resource = &self.kind.resource;
        let Some(fields) = object.as_object_mut() else {
            return Err(ApiError::bad_request("the request's body is not an object"));
        };
        for (field, what, expected) in [
            ("apiVersion", "API version", self.kind.api_version.as_str()),
            ("kind", "kind", &*resource.kind),
        ] {
            match fields.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()) {
                None => {
                    fields.insert(field.to_owned(), expected.into());
                }
                Some(found) if found != expected => {
                    return Err(ApiError::bad_request(format!(
                        "the {what} in the data ({found}) does not match the expected {what} ({expected})"
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Applies `fieldValidation` to an object: returns warnings, or refuses. Does not drop anything.
    pub(crate) fn check_fields(&self, object: &Value, mut complaints: Vec<String>) -> Result<Vec<String>, ApiError> {
        let mode = self.field_validation()?;
        if mode == FieldValidation::Ignore {
            return Ok(Vec::new());
        }
        if let Some(document) = &self.kind.resource.schema {
            let unknown = strict::unknown_fields(document.schema(), object);
            complaints.extend(unknown.into_iter().map(|path| format!("unknown field \"{path}\"")));
        }
        if mode == FieldValidation::Strict && !complaints.is_empty() {
            let list = complaints.join(", ");
            let resource = &self.kind.resource;
            return Err(ApiError::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}: strict decoding error: {list}",
                resource.kind, resource.version, resource.kind
            )));
        }
        Ok(complaints)
    }
}
