//! The stations that every written object passes: completion and validation.

use crate::pending::structural;
use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::call::{Call, Part};
use super::names;
use crate::error::ApiError;
use crate::meta;

impl Call {
    /// Drops what the schema does not know, fills in defaults, and lets the kind decide its own fields.
    pub(crate) fn complete(&self, object: &mut Value, old: Option<&Value>) {
        let resource = &self.kind.resource;
        if let Some(document) = &resource.schema {
            structural::prune(document.schema(), object);
            if self.kind.custom {
                structural::apply_defaults(document.schema(), object);
            }
        }
        (resource.behaviour.default)(object);
        if self.part != Part::Status {
            (resource.behaviour.prepare)(object, old);
        }
    }

    /// All rules for an object and, for an update, for the change.
    pub(crate) fn validate(&self, object: &Value, old: Option<&Value>) -> Result<(), ApiError> {
        let resource = &self.kind.resource;
        let mut errors: Vec<FieldError> = Vec::new();
        if old.is_none() {
            errors.extend(names::check_metadata(object, resource.name_rule));
        }
        if let Some(document) = &resource.schema {
            errors.extend(structural::validate(document.schema(), object));
        }
        // The rules of a kind rely on the types that the schema demands.
        if errors.is_empty() {
            errors.extend((resource.behaviour.validate)(object));
            if let Some(old) = old {
                errors.extend((resource.behaviour.validate_update)(object, old));
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        let name = meta::text(object, "name");
        Err(ApiError::invalid(&resource.group, &resource.kind, name, &errors))
    }

    /// Drops `status` where a write of the main resource must not set it.
    pub(crate) fn drop_status(&self, object: &mut Value) {
        // A kubelet registers its Node together with the status.
        if self.kind.resource.has_status
            && !self.kind.is("", "nodes")
            && let Some(fields) = object.as_object_mut()
        {
            fields.remove("status");
        }
    }
}

/// Whether two objects differ outside `metadata` and `status`.
pub(crate) fn differs_in_content(one: &Value, other: &Value) -> bool {
    let content = |object: &Value| {
        let mut fields = object.as_object().cloned().unwrap_or_default();
        fields.retain(|key, _| key != "metadata" && key != "status");
        fields
    };
    content(one) != content(other)
}

/// Whether two objects are the same but for their bookkeeping: `resourceVersion` and `managedFields`.
pub(crate) fn is_unchanged(one: &Value, other: &Value) -> bool {
    let content = |object: &Value| {
        let mut object = object.clone();
        meta::change(&mut object, |meta| {
            meta.remove("resourceVersion");
            meta.remove("managedFields");
        });
        object
    };
    content(one) == content(other)
}
