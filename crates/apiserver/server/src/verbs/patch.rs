//! Patch: change an object by a description of the change.

use serde_json::Value;

use super::call::{Call, Part};
use super::decode::{decode_json, decode_yaml};
use crate::error::ApiError;
use crate::http::{Answer, MediaType, RequestBody};
use crate::meta;
use crate::pending::{apply, patches};
use crate::store::Stored;

/// Attempts to patch an object that others change at the same time, as in Kubernetes.
const ATTEMPTS: usize = 5;

/// A patch as it was sent.
struct Patch {
    kind: MediaType,
    body: Value,
    /// Duplicate fields in the patch.
    complaints: Vec<String>,
}

impl Patch {
    fn read(body: &RequestBody) -> Result<Self, ApiError> {
        let kind = body.patch_type()?;
        let decoded = if kind == MediaType::ApplyPatch {
            decode_yaml(&body.bytes)?
        } else {
            decode_json(&body.bytes)?
        };
        Ok(Self {
            kind,
            body: decoded.object,
            complaints: decoded.complaints,
        })
    }

    /// Whether the patch says which state it is meant for.
    fn names_revision(&self) -> bool {
        !meta::text(&self.body, "resourceVersion").is_empty()
    }
}

impl Call {
    /// `PATCH`.
    pub(crate) async fn patch(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let patch = Patch::read(body)?;
        let mut attempt = 1;
        loop {
            let outcome = if patch.kind == MediaType::ApplyPatch {
                self.apply_once(&patch).await
            } else {
                self.patch_once(&patch).await
            };
            match outcome {
                Err(error) if is_race(&error) && !patch.names_revision() && attempt < ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }

    async fn patch_once(&self, patch: &Patch) -> Result<Answer, ApiError> {
        let stored = self.stored()?;
        let old = self.kind.show(&stored);
        let mut object = self.patched(&old, patch)?;
        self.check_type(&mut object)?;
        self.check_name(&object)?;
        let warnings = self.check_fields(&object, patch.complaints.clone())?;
        let object = self.replace(&stored, object, None).await?;
        Ok(self.answer(200, object).warn(warnings))
    }

    /// The object that a patch makes of another.
    fn patched(&self, old: &Value, patch: &Patch) -> Result<Value, ApiError> {
        match patch.kind {
            MediaType::JsonPatch => patches::json(old, &patch.body),
            MediaType::StrategicMergePatch => {
                let schema = self.kind.resource.schema.as_ref().filter(|_| !self.kind.custom);
                let Some(document) = schema else {
                    return Err(ApiError::new(
                        415,
                        "UnsupportedMediaType",
                        "the body of the request was in an unknown format - accepted media types include: \
                         application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                    ));
                };
                patches::strategic(old, &patch.body, document.schema())
            }
            _ => patches::merge(old, &patch.body),
        }
    }

    /// Server-side apply: creates the object, or changes the fields that the manager owns.
    async fn apply_once(&self, patch: &Patch) -> Result<Answer, ApiError> {
        if self.query.text("fieldManager").is_none() {
            return Err(ApiError::new(
                422,
                "Invalid",
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            ));
        }
        let mut wanted = patch.body.clone();
        self.check_type(&mut wanted)?;
        if meta::text(&wanted, "name").is_empty() {
            meta::set(&mut wanted, "name", Some(self.name().into()));
        }
        self.check_name(&wanted)?;
        self.check_namespace(&mut wanted)?;
        let warnings = self.check_fields(&wanted, patch.complaints.clone())?;
        let stored = self.server.store.get(&self.key_of(self.name()));
        match stored {
            None if self.part != Part::Main => Err(self.not_found(self.name())),
            None => {
                let applied = self.apply_to(None, &wanted)?;
                let object = self.create_object(applied.object, Some(applied.managed_fields)).await?;
                Ok(self.answer(201, object).warn(warnings))
            }
            Some(stored) => {
                let object = self.apply_to_stored(&stored, &wanted).await?;
                Ok(self.answer(200, object).warn(warnings))
            }
        }
    }

    async fn apply_to_stored(&self, stored: &Stored, wanted: &Value) -> Result<Value, ApiError> {
        let live = self.kind.show(stored);
        let applied = self.apply_to(Some(&live), wanted)?;
        self.replace(stored, applied.object, Some(applied.managed_fields)).await
    }

    fn apply_to(&self, live: Option<&Value>, wanted: &Value) -> Result<apply::Applied, ApiError> {
        apply::apply(self, live, wanted)
    }

    fn check_name(&self, object: &Value) -> Result<(), ApiError> {
        let name = meta::text(object, "name");
        if name == self.name() {
            return Ok(());
        }
        Err(ApiError::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            self.name()
        )))
    }
}

/// Whether somebody else was faster: created the object, deleted it, or changed it.
fn is_race(error: &ApiError) -> bool {
    error.reason == "AlreadyExists" || (error.reason == "Conflict" && error.message.ends_with(super::call::MODIFIED))
}
