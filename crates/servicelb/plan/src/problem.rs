//! Values that cannot be used.

/// A field of a Service with a value that cannot be used. Nothing but what the field is for is affected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {value:?} is not {accepted}")]
pub(crate) struct Problem {
    /// The field.
    pub(crate) field: String,
    /// Its value.
    pub(crate) value: String,
    /// What is accepted.
    pub(crate) accepted: String,
}

impl Problem {
    pub(crate) fn new(
        field: impl Into<String>,
        value: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            value: value.into(),
            accepted: accepted.into(),
        }
    }

    pub(crate) fn annotation(key: &str, value: &str, accepted: impl Into<String>) -> Self {
        Self::new(format!("metadata.annotations[{key}]"), value, accepted)
    }
}
