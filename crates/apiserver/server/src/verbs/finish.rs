//! The stations that every written object passes: completion and validation.

use kinglet_api_schema::structural;
use serde_json::Value;

use super::call::{Call, Part};
use crate::error::ApiError;
use crate::meta;

impl Call {
    /// Fills in defaults, and lets the kind decide its own fields.
    pub(crate) fn complete(&self, object: &mut Value, old: Option<&Value>) {
        let resource = &self.kind.resource;
        if let Some(document) = resource.schema.as_ref().filter(|_| self.kind.custom) {
            structural::apply_defaults(document.schema(), object);
        }
        (resource.behaviour.default)(object);
        if !matches!(self.part, Part::Status | Part::Finalize) {
            (resource.behaviour.prepare)(object, old);
        }
    }

    /// All rules for an object and, for an update, for the change.
    pub(crate) fn validate(&self, object: &Value, old: Option<&Value>) -> Result<(), ApiError> {
        let resource = &self.kind.resource;
        let mut errors = match (old, self.part) {
            (None, _) => resource.validate_create(object),
            (Some(old), Part::Status) => resource.validate_status_change(object, old),
            (Some(old), _) => resource.validate_change(object, old),
        };
        if let Some(document) = resource.schema.as_ref().filter(|_| self.kind.custom) {
            let wrong = structural::validate(document.schema(), object);
            let complete = !wrong.iter().any(structural::keeps_rules_from_running);
            errors.extend(wrong);
            if let Some(rules) = resource.rules.as_ref().filter(|_| complete) {
                errors.extend(rules.validate(object, old));
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
