//! Update: replace an object, or one part of it.

use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::call::{Call, MODIFIED, Part};
use super::finish::{differs_in_content, is_unchanged};
use crate::error::ApiError;
use crate::http::{Answer, RequestBody};
use crate::meta;
use crate::store::{Change, Expected, Stored};

impl Call {
    /// `PUT`.
    pub(crate) async fn update(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let (object, warnings) = self.decode_object(body)?;
        if self.name() != meta::text(&object, "name") {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                meta::text(&object, "name"),
                self.name()
            )));
        }
        loop {
            let stored = match self.stored() {
                // With a uid an object is meant that was there.
                Err(_) if self.creates_on_update() && meta::text(&object, "uid").is_empty() => {
                    let created = self.create_object(object, false).await?;
                    return Ok(self.answer(201, created).warn(warnings));
                }
                other => other?,
            };
            if meta::text(&object, "resourceVersion").is_empty() && self.demands_revision() {
                let field =
                    FieldError::invalid("metadata.resourceVersion", 0, "must be specified for an update");
                let resource = &self.kind.resource;
                return Err(ApiError::invalid(
                    &resource.group,
                    &resource.kind,
                    self.name(),
                    &[field],
                ));
            }
            self.check_uid(&object, &stored)?;
            match self.replace(&stored, object.clone(), false).await {
                // Without a resourceVersion the client does not care what it overwrites.
                Err(error)
                    if error.reason == "Conflict" && meta::text(&object, "resourceVersion").is_empty() => {}
                other => {
                    let updated = other.map_err(|error| error.warn(&warnings))?;
                    return Ok(self.answer(200, updated).warn(warnings));
                }
            }
        }
    }

    /// Kinds of which an update makes what is missing (`AllowCreateOnUpdate`).
    fn creates_on_update(&self) -> bool {
        let resource = &self.kind.resource;
        self.part == Part::Main
            && (&*resource.group == "rbac.authorization.k8s.io"
                || matches!(&*resource.plural, "services" | "endpoints" | "events" | "leases"))
    }

    /// An update by uid must not hit another object of the same name.
    fn check_uid(&self, object: &Value, stored: &Stored) -> Result<(), ApiError> {
        let old = stored.value();
        let (uid, old_uid) = (meta::text(object, "uid"), meta::text(&old, "uid"));
        if uid.is_empty() || uid == old_uid {
            return Ok(());
        }
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {old_uid}");
        Err(self.conflict(self.name(), why))
    }

    /// Kinds whose updates must say what they replace (`AllowUnconditionalUpdate: false`).
    fn demands_revision(&self) -> bool {
        self.kind.custom
            || self.kind.is("coordination.k8s.io", "leases")
            || self.kind.is("apiextensions.k8s.io", "customresourcedefinitions")
    }

    /// Replaces a stored state by a new one. `tracked` says that the new one has its `managedFields` already.
    pub(crate) async fn replace(
        &self,
        stored: &Stored,
        mut object: Value,
        tracked: bool,
    ) -> Result<Value, ApiError> {
        let old = self.kind.show(stored);
        self.check_identity(&mut object, &old)?;
        self.keep_other_parts(&mut object, &old);
        self.complete(&mut object, Some(&old));
        self.count_generation(&mut object, &old);
        if !tracked {
            self.track(Some(&old), &mut object);
        }
        // Kept until the store counts the object itself.
        let _reservation = self.server.allocate(self, &mut object, Some(&old))?;
        self.validate(&object, Some(&old))?;
        self.server.before_write(self, &mut object, Some(&old));
        // As in Kubernetes: what changes nothing makes no revision and wakes no watch, so that controllers
        // come to rest.
        if is_unchanged(&object, &old) && !changed_managers(&object, &old) {
            return Ok(old);
        }
        if self.dry_run()? {
            return Ok(self.unwritten(object, Some(stored.revision)));
        }
        self.store_update(stored, object).await
    }

    pub(crate) async fn store_update(&self, stored: &Stored, object: Value) -> Result<Value, ApiError> {
        let name = self.name();
        // The update that takes the last finalizer off deletes the object.
        let gone = meta::is_terminating(&object) && !self.is_held(&object);
        let change = if gone {
            Change::Delete
        } else {
            Change::Put(self.kind.to_stored(object.clone()))
        };
        let written = self
            .server
            .store
            .write(self.key_of(name), Expected::Revision(stored.revision), change)
            .await
            .map_err(|error| self.write_error(name, error))?;
        if gone {
            self.server.after_delete(self, &object).await;
            return Ok(self.unwritten(object, Some(written.revision)));
        }
        let object = self.kind.show(&written);
        self.server.after_write(self, &object).await;
        Ok(object)
    }

    /// The object is the same one as before, and not older than what the client has seen.
    fn check_identity(&self, object: &mut Value, old: &Value) -> Result<(), ApiError> {
        self.check_namespace(object)?;
        let revision = meta::text(object, "resourceVersion");
        // "0" is no condition in Kubernetes, either.
        if !matches!(revision, "" | "0") && revision != meta::text(old, "resourceVersion") {
            return Err(self.conflict(self.name(), MODIFIED));
        }
        for field in [
            "name",
            "namespace",
            "resourceVersion",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "generateName",
            "selfLink",
        ] {
            meta::take_over(object, old, field);
        }
        // Clients that do not know them send none, and do not mean to remove them.
        for field in ["uid", "managedFields"] {
            if meta::meta(object).is_some_and(|meta| meta.get(field).is_none_or(Value::is_null)) {
                meta::take_over(object, old, field);
            }
        }
        Ok(())
    }

    /// A write of one part leaves the other parts as they are.
    fn keep_other_parts(&self, object: &mut Value, old: &Value) {
        match self.part {
            Part::Status => self.keep_all_but_status(object, old),
            Part::Finalize => {
                let finalizers = object.pointer("/spec/finalizers").cloned();
                *object = old.clone();
                if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
                    spec.insert(
                        "finalizers".into(),
                        finalizers.unwrap_or_else(|| Value::Array(Vec::new())),
                    );
                }
            }
            Part::Main | Part::Scale if self.kind.resource.has_status => {
                let status = old.get("status").cloned();
                if let Some(fields) = object.as_object_mut() {
                    match status {
                        Some(status) => fields.insert("status".into(), status),
                        None => fields.remove("status"),
                    };
                }
            }
            Part::Main | Part::Scale | Part::Binding => {}
        }
    }

    fn keep_all_but_status(&self, object: &mut Value, old: &Value) {
        let mut kept = old.clone();
        // Built-in kinds let status writers change labels and annotations; Deployments and custom resources
        // do not.
        if !self.kind.custom && !self.kind.is("apps", "deployments") {
            for field in ["labels", "annotations", "finalizers"] {
                meta::take_over(&mut kept, object, field);
            }
        }
        meta::take_over(&mut kept, object, "managedFields");
        if let Some(fields) = kept.as_object_mut() {
            match object.get_mut("status").map(Value::take) {
                Some(status) => fields.insert("status".into(), status),
                None => fields.remove("status"),
            };
        }
        *object = kept;
    }

    /// `metadata.generation` counts changes of what the object asks for.
    fn count_generation(&self, object: &mut Value, old: &Value) {
        let counts = self.kind.resource.behaviour.generation || self.kind.custom;
        if counts && self.part != Part::Status && differs_in_content(object, old) {
            meta::set(object, "generation", Some((meta::generation(old) + 1).into()));
        }
    }

    /// Whether finalizers keep an object that is being deleted.
    pub(crate) fn is_held(&self, object: &Value) -> bool {
        let of_spec = || {
            object
                .pointer("/spec/finalizers")
                .and_then(Value::as_array)
                .is_some_and(|all| !all.is_empty())
        };
        let graceful = || {
            meta::meta(object)
                .and_then(|meta| meta.get("deletionGracePeriodSeconds"))
                .and_then(Value::as_i64)
                .is_some_and(|seconds| seconds > 0)
        };
        !meta::finalizers(object).is_empty() || (self.kind.is("", "namespaces") && of_spec()) || graceful()
    }
}

/// Whether managed fields differ in more than their times.
fn changed_managers(one: &Value, other: &Value) -> bool {
    let entries = |object: &Value| {
        let mut managed = meta::meta(object)
            .and_then(|meta| meta.get("managedFields"))
            .cloned()
            .unwrap_or_default();
        for entry in managed.as_array_mut().into_iter().flatten() {
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("time");
            }
        }
        managed
    };
    entries(one) != entries(other)
}
