//! Structural schemas of the Kubernetes API.
//!
//! What fields an object may have, how its lists and maps merge, which values are missing or wrong; for
//! built-in kinds (the embedded definitions) and for custom resources alike.
//!
//! Invariant: pure; knows no HTTP, no store and no kind in particular.

pub mod builtin;
mod field_error;
pub mod openapi;
pub mod protobuf;
pub mod strict;
pub mod structural;
mod view;

pub use field_error::{FieldError, FieldErrorKind};
pub use view::{Definitions, ListType, Schema, SchemaDocument};
