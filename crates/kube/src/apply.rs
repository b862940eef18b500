//! Server-side apply of whole objects of any kind.

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, discovery};
use serde_json::Value;

/// Why an object could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// `apiVersion`, `kind` or `metadata.name` is missing.
    #[error("not a Kubernetes object: {0} is missing")]
    Incomplete(&'static str),
    /// The API server refused, or cannot be reached.
    #[error("{0}")]
    Refused(String),
}

impl From<kube::Error> for ApplyError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused(status.message.clone()),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl crate::Failure for ApplyError {
    // No cache is asked before an apply, so that none can be behind.
    fn is_stale(&self) -> bool {
        false
    }
}

/// Applies one object as `manager`, taking over fields that others own. Namespaced objects without a
/// namespace go to `default`.
pub async fn apply(client: &Client, object: &Value, manager: &str) -> Result<(), ApplyError> {
    let text = |pointer: &str, name| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .ok_or(ApplyError::Incomplete(name))
    };
    let (api_version, kind) = (text("/apiVersion", "apiVersion")?, text("/kind", "kind")?);
    let name = text("/metadata/name", "metadata.name")?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // Asked each time: a custom resource may have become known since the last object.
    let (resource, capabilities) =
        discovery::pinned_kind(client, &GroupVersionKind::gvk(group, version, kind)).await?;
    let api: Api<DynamicObject> = match capabilities.scope {
        discovery::Scope::Cluster => Api::all_with(client.clone(), &resource),
        discovery::Scope::Namespaced => {
            let namespace = object
                .pointer("/metadata/namespace")
                .and_then(Value::as_str)
                .unwrap_or("default");
            Api::namespaced_with(client.clone(), namespace, &resource)
        }
    };
    api.patch(name, &PatchParams::apply(manager).force(), &Patch::Apply(object))
        .await?;
    Ok(())
}
