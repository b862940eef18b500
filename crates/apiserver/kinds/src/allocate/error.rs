//! Why a Service gets no address or port.

use kinglet_api_schema::FieldError;

/// Why a Service gets no address or port.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum AllocateError {
    /// The Service asks for what it cannot have.
    #[error("{} fields are not acceptable", .0.len())]
    Invalid(Vec<FieldError>),
    /// Nothing is free; the server's fault, not the client's.
    #[error("{0}")]
    Exhausted(String),
}

impl From<FieldError> for AllocateError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}
