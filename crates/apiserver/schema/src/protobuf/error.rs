//! Why a body cannot be decoded.

/// A body that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body does not start with `k8s\0`.
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    NoMagic,
    /// The body ends within a field.
    #[error("unexpected EOF")]
    UnexpectedEnd,
    /// The bytes are no protobuf, or a value is none of its type.
    #[error("proto: {0}")]
    Malformed(String),
    /// A kind that is not in the table.
    #[error("no kind {kind:?} is registered for version {api_version:?}")]
    UnknownKind {
        /// `apiVersion` of the body.
        api_version: String,
        /// `kind` of the body.
        kind: String,
    },
    /// Messages lie too deep in each other.
    #[error("proto: messages are nested too deeply")]
    TooDeep,
    /// The body has too many values.
    #[error("proto: too many values")]
    TooLarge,
    /// `contentEncoding` or `contentType` is not one that Kubernetes uses here.
    #[error("unsupported content type {0:?}")]
    UnsupportedContent(String),
}
