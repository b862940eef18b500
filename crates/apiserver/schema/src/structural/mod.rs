//! Structural schemas of custom resources: the `openAPIV3Schema` of a CustomResourceDefinition's version.

mod object;

pub use object::document;
pub(crate) use object::with_object_fields;
