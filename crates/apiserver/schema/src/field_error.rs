//! What is wrong with one field of an object, in the words of the Kubernetes API.

use std::fmt;

use serde_json::Value;

/// What is wrong with a field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// The value does not follow the rule.
    Invalid,
    /// The same of a structure, which is not shown.
    InvalidStructure,
    /// A value is missing.
    Required,
    /// The value is not one of the accepted ones.
    NotSupported,
    /// The value stands twice.
    Duplicate,
    /// The value names something that does not exist.
    NotFound,
    /// The field may not be set here.
    Forbidden,
    /// Longer than allowed.
    TooLong,
    /// More entries than allowed.
    TooMany,
    /// A value of another type than the schema says.
    TypeInvalid,
}

impl FieldErrorKind {
    /// `reason` of the cause (Kubernetes `CauseType`).
    pub fn reason(self) -> &'static str {
        match self {
            Self::Invalid | Self::InvalidStructure => "FieldValueInvalid",
            Self::Required => "FieldValueRequired",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotFound => "FieldValueNotFound",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Invalid | Self::InvalidStructure | Self::TypeInvalid => "Invalid value",
            Self::Required => "Required value",
            Self::NotSupported => "Unsupported value",
            Self::Duplicate => "Duplicate value",
            Self::NotFound => "Not found",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }
}

/// One field that is wrong, for instance `spec.ports[0].port: Invalid value: 0: must be between 1 and 65535,
/// inclusive`.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// What is wrong.
    pub kind: FieldErrorKind,
    /// Path of the field, for instance `spec.ports[0].port`.
    pub field: String,
    /// The value at fault; not shown for `InvalidStructure`, `Required`, `Forbidden` and `TooLong`; the
    /// number of entries for `TooMany`.
    pub value: Value,
    /// The rule.
    pub detail: String,
}

impl FieldError {
    /// A field error with a value.
    pub fn new(
        kind: FieldErrorKind,
        field: impl Into<String>,
        value: Value,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            field: field.into(),
            value,
            detail: detail.into(),
        }
    }

    /// `Invalid value`.
    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Invalid, field, value.into(), detail)
    }

    /// `Required value`.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Required, field, Value::Null, detail)
    }

    /// `Forbidden`.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Forbidden, field, Value::Null, detail)
    }

    /// `Duplicate value`.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(FieldErrorKind::Duplicate, field, value.into(), "")
    }

    /// `Unsupported value`, with the accepted ones.
    pub fn not_supported(field: impl Into<String>, value: impl Into<Value>, accepted: &[&str]) -> Self {
        let quoted: Vec<String> = accepted.iter().map(|one| format!("\"{one}\"")).collect();
        let detail = format!("supported values: {}", quoted.join(", "));
        Self::new(FieldErrorKind::NotSupported, field, value.into(), detail)
    }

    /// The text after the field path.
    pub fn body(&self) -> String {
        use FieldErrorKind::{Forbidden, InvalidStructure, Required, TooLong};
        let mut body = self.kind.text().to_owned();
        if !matches!(self.kind, Required | Forbidden | TooLong | InvalidStructure) {
            body.push_str(": ");
            body.push_str(&self.value.to_string());
        }
        if !self.detail.is_empty() {
            body.push_str(": ");
            body.push_str(&self.detail);
        }
        body
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}
