//! Errors as the Kubernetes API reports them: a `Status` object with a reason, and causes that name fields.

use std::fmt;

use kinglet_api_schema::FieldError;
use serde_json::{Value, json};

/// A failed request. Becomes a `Status` (meta/v1) with `status: Failure`.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// HTTP status code.
    pub code: u16,
    /// `reason`, machine readable, for instance `NotFound`; may be empty.
    pub reason: &'static str,
    /// `message`, for people.
    pub message: String,
    /// `details`, or `Value::Null`.
    pub details: Value,
    /// `metadata.continue`: with `Expired`, the token by which a list goes on inconsistently.
    pub resume: Option<String>,
    /// What the client is told besides (`Warning` headers).
    pub warnings: Box<[String]>,
}

impl ApiError {
    /// An error without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Value::Null,
            resume: None,
            warnings: Box::default(),
        }
    }

    /// 400: the request itself is malformed.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 404 for an object. `resource` is the plural name, `group` may be empty.
    pub(crate) fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", qualified(group, resource));
        Self::new(404, "NotFound", message).with_object(group, resource, name)
    }

    /// 404 for a kind, version or subresource that is not served.
    pub(crate) fn unknown_resource() -> Self {
        Self {
            details: json!({}),
            ..Self::new(
                404,
                "NotFound",
                "the server could not find the requested resource",
            )
        }
    }

    /// 405.
    pub(crate) fn method_not_allowed() -> Self {
        Self {
            details: json!({}),
            ..Self::new(
                405,
                "MethodNotAllowed",
                "the server does not allow this method on the requested resource",
            )
        }
    }

    /// 409 for a name that is taken.
    pub(crate) fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", qualified(group, resource));
        Self::new(409, "AlreadyExists", message).with_object(group, resource, name)
    }

    /// 409 for a stale `resourceVersion` or a failed precondition.
    pub fn conflict(group: &str, resource: &str, name: &str, why: impl fmt::Display) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            qualified(group, resource)
        );
        Self::new(409, "Conflict", message).with_object(group, resource, name)
    }

    /// 403.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: impl fmt::Display) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", qualified(group, resource));
        Self::new(403, "Forbidden", message).with_object(group, resource, name)
    }

    /// 422 with one cause per field error. `kind` is the object's kind, `group` its group.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let qualified = if group.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}.{group}")
        };
        let list = match errors {
            [one] => one.to_string(),
            many => format!(
                "[{}]",
                many.iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        let causes: Vec<Value> = errors
            .iter()
            .map(
                |error| json!({"reason": error.kind.reason(), "message": error.body(), "field": error.field}),
            )
            .collect();
        let mut details = json!({"kind": kind, "causes": causes});
        if !name.is_empty() {
            details["name"] = name.into();
        }
        if !group.is_empty() {
            details["group"] = group.into();
        }
        let message = format!("{qualified} \"{name}\" is invalid: {list}");
        Self {
            code: 422,
            reason: "Invalid",
            message,
            details,
            resume: None,
            warnings: Box::default(),
        }
    }

    /// The error with warnings.
    pub(crate) fn warn(mut self, warnings: &[String]) -> Self {
        self.warnings = warnings.into();
        self
    }

    /// 410: the wanted revision is compacted.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 410 for a revision that a watch can no longer begin or go on with.
    pub(crate) fn too_old(revision: u64, current: u64) -> Self {
        Self::expired(format!("too old resource version: {revision} ({current})"))
    }

    /// 500.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {message}"),
        )
    }

    fn with_object(mut self, group: &str, resource: &str, name: &str) -> Self {
        // Kubernetes has the plural name in `details.kind` here, and the kind in errors of validation.
        self.details = json!({"name": name, "kind": resource});
        if !group.is_empty() {
            self.details["group"] = group.into();
        }
        self
    }

    /// The `Status` object.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let Some(resume) = &self.resume {
            status["metadata"]["continue"] = resume.as_str().into();
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

/// `plural` or `plural.group`, the way messages name resources.
fn qualified(group: &str, resource: &str) -> String {
    if group.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}.{group}")
    }
}
