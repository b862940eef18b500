//! What is wrong with a patch, and how Kubernetes prints the values it complains about.

use serde_json::Value;

/// A patch that cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The patch is malformed (400 `BadRequest`).
    #[error("{0}")]
    Malformed(String),
    /// The patch has too many operations (413 `RequestEntityTooLarge`).
    #[error("Request entity too large: {0}")]
    TooLarge(String),
    /// The patch is well-formed, but the object does not fulfil what it asks (422 `Invalid`). Kubernetes
    /// keeps the reason to itself.
    #[error("the server rejected our request due to an error in our request")]
    Rejected {
        /// Why, for a log.
        reason: String,
    },
    /// A strategic merge patch that contradicts itself (500, as Kubernetes answers it).
    #[error("{0}")]
    Contradictory(String),
}

impl PatchError {
    /// The HTTP status by which Kubernetes answers.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::TooLarge(_) => 413,
            Self::Rejected { .. } => 422,
            Self::Contradictory(_) => 500,
        }
    }

    pub(crate) fn rejected(reason: impl ToString) -> Self {
        Self::Rejected {
            reason: reason.to_string(),
        }
    }
}

/// The JSON type of a value, as the messages of a decoder name it.
pub(crate) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The type of a decoded value, as Kubernetes' messages name it.
pub(crate) fn decoded_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Kubernetes' messages print it: `map[image:x name:a]`, `[1 2]`.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => shown_list(items),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| format!("{name}:{}", shown(value)))
                .collect();
            format!("map[{}]", fields.join(" "))
        }
        other => other.to_string(),
    }
}

/// A list as Kubernetes' messages print it.
pub(crate) fn shown_list(items: &[Value]) -> String {
    format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" "))
}
