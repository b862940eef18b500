//! Structural schemas of custom resources: the `openAPIV3Schema` of a CustomResourceDefinition's version.
//!
//! [`check`] says whether a schema may be used at all; [`document`] completes it with what every object has.
//! A written object is then pruned, completed with defaults and validated, in this order.

mod check;
mod combined;
mod defaults;
mod formats;
mod keywords;
mod lists;
mod object;
mod validate;

use serde_json::Value;

pub use check::check;
pub use defaults::apply_defaults;
pub use object::document;
pub(crate) use object::with_object_fields;
pub use validate::validate;

use crate::strict::TypeError;
use crate::{Schema, builtin, openapi, strict};

/// Removes the fields that the schema does not know and tells their paths: those in metadata first, then
/// sorted, as Kubernetes tells the unknown fields of custom resources.
pub fn prune(schema: Schema<'_>, object: &mut Value) -> Vec<String> {
    let mut dropped = strict::drop_unknown(schema, object);
    dropped.sort_by_cached_key(|path| (!path.starts_with("metadata."), path.clone()));
    dropped
}

/// What has a wrong type in an object's metadata: Kubernetes decodes it like that of built-in kinds, and
/// tells its fields as those of `ObjectMeta`.
pub fn metadata_error(object: &Value) -> Option<TypeError> {
    let definitions = builtin::definitions();
    let reference = openapi::reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    strict::type_error(Schema::new(&reference, &definitions), object.get("metadata")?)
}

#[cfg(test)]
mod tests;
