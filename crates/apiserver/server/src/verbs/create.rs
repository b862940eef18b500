//! Create.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::generate;
use crate::error::ApiError;
use crate::http::{Answer, RequestBody};
use crate::meta;
use crate::store::{Change, Expected, Key, WriteError};

/// Attempts to find a free name for `generateName`, as in Kubernetes.
const NAME_ATTEMPTS: usize = 8;

impl Call {
    /// `POST` to a collection.
    pub(crate) async fn create(&self, body: &RequestBody) -> Result<Answer, ApiError> {
        let (object, warnings) = self.decode_object(body)?;
        // In Kubernetes the storage layer refuses it, and errors from there have code 500 and no reason.
        if !matches!(meta::text(&object, "resourceVersion"), "" | "0") {
            return Err(ApiError::new(
                500,
                "",
                "resourceVersion should not be set on objects to be created",
            ));
        }
        let generated =
            meta::text(&object, "name").is_empty() && !meta::text(&object, "generateName").is_empty();
        let mut attempt = 1;
        loop {
            let mut candidate = object.clone();
            if generated {
                let name = generate::name(meta::text(&object, "generateName"))?;
                meta::set(&mut candidate, "name", Some(name.into()));
            }
            match self.create_object(candidate, false).await {
                Err(error) if generated && error.reason == "AlreadyExists" && attempt < NAME_ATTEMPTS => {
                    attempt += 1;
                }
                other => {
                    let created = other.map_err(|error| error.warn(&warnings))?;
                    return Ok(self.answer(201, created).warn(warnings));
                }
            }
        }
    }

    /// Creates an object. `tracked` says that it has its `managedFields` already.
    pub(crate) async fn create_object(&self, mut object: Value, tracked: bool) -> Result<Value, ApiError> {
        self.place(&mut object)?;
        self.drop_status(&mut object);
        self.stamp(&mut object);
        self.complete(&mut object, None);
        let name = meta::text(&object, "name").to_owned();
        self.admit_to_namespace(&name)?;
        if !tracked {
            self.track(None, &mut object);
        }
        // Kept until the store counts the object itself.
        let _reservation = self.server.allocate(self, &mut object, None)?;
        self.validate(&object, None)?;
        self.server.before_write(self, &mut object, None);
        let dry_run = self.dry_run()?;
        if dry_run {
            if self.server.store.get(&self.key_of(&name)).is_some() {
                return Err(self.exists(&name));
            }
            return Ok(self.unwritten(object, None));
        }
        let change = Change::Put(self.kind.to_stored(object));
        let stored = self
            .server
            .store
            .write(self.key_of(&name), Expected::Absent, change)
            .await
            .map_err(|error| match error {
                WriteError::Exists => self.exists(&name),
                other => self.write_error(&name, other),
            })?;
        let object = self.kind.show(&stored);
        self.server.after_write(self, &object).await;
        Ok(object)
    }

    /// 409, which says so if the object is only waiting for its finalizers.
    fn exists(&self, name: &str) -> ApiError {
        let mut error = self.write_error(name, WriteError::Exists);
        let stored = self.server.store.get(&self.key_of(name));
        if stored.is_some_and(|stored| meta::is_terminating(&stored.value())) {
            error.message.insert_str(0, "object is being deleted: ");
        }
        error
    }

    /// Namespace and name of the path must be the object's.
    fn place(&self, object: &mut Value) -> Result<(), ApiError> {
        let name = meta::text(object, "name").to_owned();
        if let Some(expected) = &self.name
            && !name.is_empty()
            && name != **expected
        {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({expected})"
            )));
        }
        if let Some(expected) = &self.name {
            meta::set(object, "name", Some((&**expected).into()));
        }
        self.check_namespace(object)
    }

    /// The object's namespace is the path's; a missing one is filled in.
    pub(crate) fn check_namespace(&self, object: &mut Value) -> Result<(), ApiError> {
        let found = meta::text(object, "namespace").to_owned();
        match &self.namespace {
            Some(expected) if found.is_empty() => {
                meta::set(object, "namespace", Some((&**expected).into()));
                Ok(())
            }
            Some(expected) if found != **expected => Err(ApiError::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            )),
            // No error in Kubernetes either (`EnsureObjectNamespaceMatchesRequestNamespace`).
            None if !found.is_empty() => {
                meta::set(object, "namespace", None);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Fields of `metadata` that only the server sets.
    fn stamp(&self, object: &mut Value) {
        let generation = self.kind.resource.behaviour.generation || self.kind.custom;
        meta::change(object, |meta| {
            for field in [
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
                "resourceVersion",
                "selfLink",
                "generation",
            ] {
                meta.remove(field);
            }
            meta.insert("uid".into(), uuid::Uuid::new_v4().to_string().into());
            meta.insert("creationTimestamp".into(), meta::now().into());
            if generation {
                meta.insert("generation".into(), 1.into());
            }
        });
    }

    /// Objects live in Namespaces that exist and are not being deleted.
    fn admit_to_namespace(&self, name: &str) -> Result<(), ApiError> {
        let Some(namespace) = &self.namespace else {
            return Ok(());
        };
        let key = Key {
            collection: Arc::from("/namespaces"),
            name: kinglet_model::ObjectName::cluster(namespace.clone()),
        };
        let stored = self
            .server
            .store
            .get(&key)
            .ok_or_else(|| ApiError::not_found("", "namespaces", namespace))?;
        if !meta::is_terminating(&stored.value()) {
            return Ok(());
        }
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut error = self.forbidden(name, why);
        // By this cause controllers know that another attempt is of no use (`apierrors.HasStatusCause`).
        error.details["causes"] = json!([{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
        Err(error)
    }
}
