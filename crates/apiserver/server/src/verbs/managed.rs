//! Who owns which fields: `metadata.managedFields`.

use kinglet_api_patch::apply::{self, ApplyError, Write};
use serde_json::{Value, json};

use super::call::{Call, Part};
use crate::error::ApiError;
use crate::meta;

impl Call {
    /// Notes in `metadata.managedFields` which fields this write changed.
    pub(crate) fn track(&self, old: Option<&Value>, object: &mut Value) {
        let (manager, now) = (self.manager(), meta::now());
        apply::track_update(old, object, &self.write_of(&manager, &now));
    }

    /// What server-side apply makes of the live object; without one, of nothing. The result has its
    /// `managedFields`.
    pub(crate) fn applied(&self, live: Option<&Value>, wanted: &Value) -> Result<Value, ApiError> {
        let (manager, now) = (self.manager(), meta::now());
        let force = self.query.flag("force").unwrap_or(false);
        let applied = apply::apply(live, wanted, force, &self.write_of(&manager, &now));
        let mut object = applied.map_err(|error| refused(&error))?;
        self.conform(&mut object, Vec::new())?;
        Ok(object)
    }

    fn write_of<'a>(&'a self, manager: &'a str, now: &'a str) -> Write<'a> {
        let resource = &self.kind.resource;
        let subresource = self.part.subresource();
        Write {
            api_version: &self.kind.api_version,
            kind: &resource.kind,
            schema: resource.schema.as_ref().map(|document| document.schema()),
            manager,
            subresource: (!subresource.is_empty()).then_some(subresource),
            // What a write of this part cannot change its manager does not own (`ResetFieldsStrategy`).
            reset: match self.part {
                Part::Main if resource.has_status => &["status"],
                Part::Status if self.kind.custom => &["spec", "metadata"],
                Part::Status => &["spec"],
                _ => &[],
            },
            now,
        }
    }
}

/// A configuration that is not applied.
fn refused(error: &ApplyError) -> ApiError {
    let reason = match error.status() {
        409 => "Conflict",
        400 => "BadRequest",
        _ => "",
    };
    let mut answer = ApiError::new(error.status(), reason, error.to_string());
    if let ApplyError::Conflict { causes, .. } = error {
        let causes: Vec<Value> = causes
            .iter()
            .map(|one| json!({"reason": "FieldManagerConflict", "message": one.message, "field": one.field}))
            .collect();
        answer.details = json!({"causes": causes});
    }
    answer
}
