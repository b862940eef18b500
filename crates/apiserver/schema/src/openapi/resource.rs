//! What a document describes, and how it refers to definitions.

use serde_json::{Value, json};

/// A resource that a document describes.
#[derive(Clone, Copy, Debug)]
pub struct OpenApiResource<'a> {
    /// Kind.
    pub kind: &'a str,
    /// Kind of a list.
    pub list_kind: &'a str,
    /// Plural name, as in URLs.
    pub plural: &'a str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Verbs, as discovery tells them.
    pub verbs: &'a [&'a str],
    /// Whether `status` is a subresource.
    pub has_status: bool,
    /// Whether `scale` is a subresource.
    pub has_scale: bool,
    /// `openAPIV3Schema` of a custom resource's version; `None` for built-in kinds.
    pub custom_schema: Option<&'a Value>,
}

/// Refers to a definition of a document.
pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
