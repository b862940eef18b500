//! One request for objects, parsed.

use std::sync::Arc;

use kinglet_api_schema::{FieldError, FieldErrorKind};
use kinglet_model::ObjectName;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::http::{Accept, Query};
use crate::inner::Inner;
use crate::meta;
use crate::registry::Served;
use crate::store::{Key, Stored, WriteError};

/// Longest name of a field manager.
const MANAGER: usize = 128;

/// Which part of an object a request addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The object but its status.
    Main,
    /// The `status` subresource.
    Status,
    /// The `scale` subresource.
    Scale,
    /// The `finalize` subresource of Namespaces.
    Finalize,
    /// The `binding` subresource of Pods.
    Binding,
}

impl Part {
    /// The name of the subresource; empty for the object itself.
    pub(crate) fn subresource(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Status => "status",
            Self::Scale => "scale",
            Self::Finalize => "finalize",
            Self::Binding => "binding",
        }
    }
}

/// What to do about fields that the schema does not know or that stand twice (parameter `fieldValidation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// Drop them silently.
    Ignore,
    /// Drop them and warn.
    Warn,
    /// Refuse the request.
    Strict,
}

/// A request for objects of one kind.
pub(crate) struct Call {
    pub(crate) server: Arc<Inner>,
    pub(crate) kind: Arc<Served>,
    /// Namespace of the path; `None` for cluster-scoped kinds and for all namespaces.
    pub(crate) namespace: Option<Arc<str>>,
    /// Name of the path.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) part: Part,
    pub(crate) query: Query,
    pub(crate) accept: Accept,
    /// The kind of the request's options, for errors: `CreateOptions` and the like.
    pub(crate) options_kind: &'static str,
    /// The client's name, from `User-Agent`: the default field manager.
    pub(crate) agent: String,
}

impl Call {
    /// The key of an object of this call's kind and namespace.
    pub(crate) fn key_of(&self, name: &str) -> Key {
        Key {
            collection: self.kind.collection.clone(),
            name: ObjectName {
                namespace: self.namespace.clone().unwrap_or_default(),
                name: name.into(),
            },
        }
    }

    /// The name of the path, empty for collections.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// The addressed object.
    pub(crate) fn stored(&self) -> Result<Arc<Stored>, ApiError> {
        self.server
            .store
            .get(&self.key_of(self.name()))
            .ok_or_else(|| self.not_found(self.name()))
    }

    /// `dryRun=All`: everything but the write.
    pub(crate) fn dry_run(&self) -> Result<bool, ApiError> {
        let mut dry = false;
        for value in self.query.all("dryRun") {
            match value {
                "All" => dry = true,
                "" => {}
                other => {
                    return Err(self.invalid_option(FieldError::not_supported(
                        "dryRun",
                        json!([other]),
                        &["All"],
                    )));
                }
            }
        }
        Ok(dry)
    }

    /// `fieldValidation`; by default unknown fields are dropped with a warning.
    pub(crate) fn field_validation(&self) -> Result<FieldValidation, ApiError> {
        match self.query.text("fieldValidation") {
            None | Some("Warn") => Ok(FieldValidation::Warn),
            Some("Strict") => Ok(FieldValidation::Strict),
            Some("Ignore") => Ok(FieldValidation::Ignore),
            Some(other) => {
                let accepted = ["", "Ignore", "Strict", "Warn"];
                Err(self.invalid_option(FieldError::not_supported("fieldValidation", other, &accepted)))
            }
        }
    }

    /// Checks the options that all writes have, before anything else is looked at.
    pub(crate) fn check_write_options(&self) -> Result<(), ApiError> {
        self.dry_run()?;
        self.field_validation()?;
        if self
            .query
            .text("fieldManager")
            .is_some_and(|manager| manager.len() > MANAGER)
        {
            let detail = format!("may not be more than {MANAGER} bytes");
            let error = FieldError::new(FieldErrorKind::TooLong, "fieldManager", Value::Null, detail);
            return Err(self.invalid_option(error));
        }
        Ok(())
    }

    /// 422 for an option of the request.
    pub(crate) fn invalid_option(&self, error: FieldError) -> ApiError {
        ApiError::invalid("meta.k8s.io", self.options_kind, "", &[error])
    }

    /// Who the fields of a write belong to: `fieldManager`, or the first word of `User-Agent`.
    pub(crate) fn manager(&self) -> String {
        match self.query.text("fieldManager") {
            Some(manager) => manager.to_owned(),
            None => self
                .agent
                .split('/')
                .next()
                .unwrap_or_default()
                .chars()
                .take(MANAGER)
                .collect(),
        }
    }

    /// 404 for an object of this kind.
    pub(crate) fn not_found(&self, name: &str) -> ApiError {
        ApiError::not_found(&self.kind.resource.group, &self.kind.resource.plural, name)
    }

    /// 409 for an object of this kind.
    pub(crate) fn conflict(&self, name: &str, why: impl std::fmt::Display) -> ApiError {
        ApiError::conflict(&self.kind.resource.group, &self.kind.resource.plural, name, why)
    }

    /// 403 for an object of this kind.
    pub(crate) fn forbidden(&self, name: &str, why: impl std::fmt::Display) -> ApiError {
        ApiError::forbidden(&self.kind.resource.group, &self.kind.resource.plural, name, why)
    }

    /// Translates a failed write.
    pub(crate) fn write_error(&self, name: &str, error: WriteError) -> ApiError {
        let resource = &self.kind.resource;
        match error {
            WriteError::Exists => ApiError::already_exists(&resource.group, &resource.plural, name),
            WriteError::Missing => self.not_found(name),
            WriteError::Conflict => self.conflict(name, MODIFIED),
            WriteError::Disk(ref problem) if problem.full => {
                ApiError::new(507, "InsufficientStorage", error.to_string())
            }
            WriteError::Disk(_) => ApiError::new(503, "ServiceUnavailable", error.to_string()),
            WriteError::Encode(_) => ApiError::internal(error),
            WriteError::Closed => ApiError::new(503, "ServiceUnavailable", error.to_string()),
        }
    }

    /// The object with the revision that a dry run answers.
    pub(crate) fn unwritten(&self, mut object: Value, revision: Option<u64>) -> Value {
        meta::set(
            &mut object,
            "resourceVersion",
            revision.map(|one| one.to_string().into()),
        );
        object
    }
}

/// Why an update with an old `resourceVersion` fails.
pub(crate) const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";
