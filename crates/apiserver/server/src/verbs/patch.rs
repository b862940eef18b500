//! Patch: change an object by a description of the change.

use kinglet_api_patch::{PatchError, json_patch, merge_patch, strategic};
use kinglet_api_schema::FieldError;
use kinglet_api_schema::strict::{self, StrictError};
use serde_json::{Value, json};

use super::call::{Call, FieldValidation, Part};
use crate::error::ApiError;
use crate::http::{Answer, MediaType, RequestBody};
use crate::meta;

/// Attempts to patch an object that others change at the same time, as in Kubernetes.
const ATTEMPTS: usize = 5;

/// A patch as it was sent.
pub(super) struct Patch {
    pub(super) kind: MediaType,
    pub(super) body: Value,
    /// Duplicate fields in the patch.
    complaints: Vec<StrictError>,
}

impl Patch {
    /// Parses a patch. `takes_strategic` says whether the kind takes strategic merge patches.
    pub(super) fn read(body: &RequestBody, takes_strategic: bool) -> Result<Self, ApiError> {
        let kind = body.patch_type()?;
        if kind == MediaType::StrategicMergePatch && !takes_strategic {
            return Err(unsupported());
        }
        // JSON is YAML, too: one parser for both.
        let parsed = if kind == MediaType::ApplyPatch {
            strict::decode_yaml(&body.bytes, None)
                .map_err(|error| ApiError::bad_request(format!("error encoding patch: {error}")))
        } else {
            strict::decode_json(&body.bytes, None)
                .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))
        };
        let (body, complaints) = parsed?;
        Ok(Self {
            kind,
            body,
            complaints,
        })
    }

    /// Whether the patch says which state it is meant for.
    pub(super) fn names_revision(&self) -> bool {
        !meta::text(&self.body, "resourceVersion").is_empty()
    }
}

impl Call {
    /// `PATCH`.
    pub(crate) async fn patch(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        if self.query.get("force").is_some() && body.patch_type()? != MediaType::ApplyPatch {
            return Err(self.invalid_option(FieldError::forbidden(
                "force",
                "may not be specified for non-apply patch",
            )));
        }
        let patch = Patch::read(body, self.decoding_schema().is_some())?;
        let mut attempt = 1;
        loop {
            let outcome = if patch.kind == MediaType::ApplyPatch {
                self.apply_once(&patch).await
            } else {
                self.patch_once(&patch).await
            };
            match outcome {
                // What is meant for one state must not be tried on another.
                Err(error) if is_race(&error) && !patch.names_revision() && attempt < ATTEMPTS => {
                    attempt += 1;
                }
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
        let complaints = self.conform(&mut object, patch.complaints.clone())?;
        let warnings = self.judge_patch(&complaints, || patch.body.to_string())?;
        let replaced = self.replace(&stored, object, false).await;
        let object = replaced.map_err(|error| error.warn(&warnings))?;
        Ok(self.answer(200, object).warn(warnings))
    }

    /// The object that a patch makes of another.
    fn patched(&self, old: &Value, patch: &Patch) -> Result<Value, ApiError> {
        let patched = match patch.kind {
            MediaType::JsonPatch => json_patch(old, &patch.body),
            MediaType::StrategicMergePatch => {
                let schema = self.decoding_schema().ok_or_else(unsupported)?;
                strategic(old, &patch.body, schema)
            }
            _ => merge_patch(old, &patch.body),
        };
        patched.map_err(|error| refused(&error))
    }

    /// Server-side apply: creates the object, or changes the fields that the manager owns.
    async fn apply_once(&self, patch: &Patch) -> Result<Answer, ApiError> {
        if self.query.text("fieldManager").is_none() {
            return Err(self.invalid_option(FieldError::required(
                "fieldManager",
                "is required for apply patch",
            )));
        }
        let warnings = self.judge_configuration(patch)?;
        let mut wanted = patch.body.clone();
        if !wanted.is_object() {
            return Err(ApiError::bad_request(
                "error decoding patch: error unmarshaling JSON: while decoding JSON: the configuration is not an object",
            ));
        }
        if meta::text(&wanted, "name").is_empty() {
            meta::set(&mut wanted, "name", Some(self.name().into()));
        }
        self.check_name(&wanted)?;
        match self.server.store.get(&self.key_of(self.name())) {
            None if self.part != Part::Main => Err(self.not_found(self.name())),
            None => {
                let object = self.applied(None, &wanted)?;
                let object = self.create_object(object, true).await?;
                Ok(self.answer(201, object).warn(warnings))
            }
            Some(stored) => {
                let live = self.kind.show(&stored);
                let object = self.applied(Some(&live), &wanted)?;
                let object = self.replace(&stored, object, true).await?;
                Ok(self.answer(200, object).warn(warnings))
            }
        }
    }

    /// Applies `fieldValidation` to what stands twice in a configuration; fields that do not exist are
    /// refused by the apply itself.
    fn judge_configuration(&self, patch: &Patch) -> Result<Vec<String>, ApiError> {
        let complaints = &patch.complaints;
        match self.field_validation()? {
            FieldValidation::Strict if !complaints.is_empty() => {
                let why = strict::message(complaints);
                Err(ApiError::bad_request(format!(
                    "error strict decoding patch: error converting YAML to JSON: {why}"
                )))
            }
            FieldValidation::Ignore => Ok(Vec::new()),
            _ => Ok(complaints.iter().map(ToString::to_string).collect()),
        }
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

/// A patch that does not work.
pub(super) fn refused(error: &PatchError) -> ApiError {
    let status = error.status();
    let reason = match status {
        400 => "BadRequest",
        413 => "RequestEntityTooLarge",
        422 => "Invalid",
        _ => "",
    };
    if let PatchError::Rejected { reason } = error {
        tracing::debug!(reason, "a patch is rejected");
    }
    let mut answer = ApiError::new(status, reason, error.to_string());
    if status == 422 {
        answer.details = json!({});
    }
    answer
}

/// 415: custom resources take no strategic merge patches.
fn unsupported() -> ApiError {
    crate::http::unsupported(
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )
}

/// Whether somebody else was faster: created the object, deleted it, or changed it.
fn is_race(error: &ApiError) -> bool {
    error.reason == "AlreadyExists"
        || (error.reason == "Conflict" && error.message.ends_with(super::call::MODIFIED))
}
