//! Requests for the objects of one kind.

use http::header::ACCEPT;
use http::{Method, Request};
use kinglet_model::ObjectName;
use kube::Client;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Resource;
use crate::list::{Source, list};
use crate::write::{self, JSON, MERGE_PATCH, STRATEGIC_PATCH};

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RequestError(#[from] kube::Error);

impl RequestError {
    fn status(&self) -> Option<&kube::core::Status> {
        match &self.0 {
            kube::Error::Api(status) => Some(status),
            _ => None,
        }
    }

    /// The object, or the kind, is not there (404).
    pub fn is_not_found(&self) -> bool {
        self.status().is_some_and(|status| status.code == 404)
    }

    /// Somebody else was faster: a changed `resourceVersion`, an unfulfilled precondition or a name that is
    /// taken (409).
    pub fn is_conflict(&self) -> bool {
        self.status().is_some_and(|status| status.code == 409)
    }

    /// The server knows who asks and does not allow it (403): a permission is missing.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.status().is_some_and(|status| status.code == 403)
    }

    /// Nothing can be created in a namespace that is being deleted.
    pub fn is_namespace_terminating(&self) -> bool {
        let causes = self.status().and_then(|status| status.details.as_ref());
        causes.is_some_and(|details| {
            details
                .causes
                .iter()
                .any(|cause| cause.reason == "NamespaceTerminating")
        })
    }
}

/// What becomes of the dependents of a deleted object (`propagationPolicy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Propagation {
    /// They are deleted afterwards.
    Background,
    /// They are deleted before.
    Foreground,
    /// They stay and lose their reference.
    Orphan,
}

/// How to delete an object (`DeleteOptions`).
#[derive(Clone, Debug, Default)]
pub struct Deletion<'a> {
    /// Only the object with this `uid`.
    pub uid: Option<&'a str>,
    /// Only while the object is in this revision.
    pub resource_version: Option<&'a str>,
    /// The fate of dependents; the kind's default when not given.
    pub propagation: Option<Propagation>,
    /// Seconds that a Pod has to end; its own when not given, and 0 does not wait for its node.
    pub grace_period: Option<u32>,
}

impl Deletion<'_> {
    fn body(&self) -> Value {
        let mut body = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        let conditions = [("uid", self.uid), ("resourceVersion", self.resource_version)];
        for (field, value) in conditions
            .iter()
            .filter_map(|(field, value)| Some((field, (*value)?)))
        {
            body["preconditions"][field] = value.into();
        }
        if let Some(seconds) = self.grace_period {
            body["gracePeriodSeconds"] = seconds.into();
        }
        if let Some(propagation) = self.propagation {
            body["propagationPolicy"] = json!(propagation);
        }
        body
    }
}

/// The objects of one kind. Cheap to clone.
#[derive(Clone)]
pub struct Collection {
    client: Client,
    resource: Resource,
}

impl Collection {
    /// The objects of a kind.
    pub fn new(client: Client, resource: Resource) -> Self {
        Self { client, resource }
    }

    /// The kind.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// A whole object.
    pub async fn get<T: DeserializeOwned>(&self, name: &ObjectName) -> Result<T, RequestError> {
        self.read(name, false).await
    }

    /// An object's `metadata`: an object with a field of that name.
    pub async fn metadata<T: DeserializeOwned>(&self, name: &ObjectName) -> Result<T, RequestError> {
        self.read(name, true).await
    }

    /// All objects of a namespace, or of the cluster if it is empty.
    pub async fn list<T: DeserializeOwned + Send>(&self, namespace: &str) -> Result<Vec<T>, RequestError> {
        Ok(list(&self.client, &self.source(namespace, false)).await?)
    }

    /// As [`Collection::list`], but only `metadata`.
    pub async fn list_metadata<T: DeserializeOwned + Send>(
        &self,
        namespace: &str,
    ) -> Result<Vec<T>, RequestError> {
        Ok(list(&self.client, &self.source(namespace, true)).await?)
    }

    /// Creates an object.
    pub async fn create(&self, namespace: &str, object: &impl Serialize) -> Result<(), RequestError> {
        self.send(Method::POST, self.resource.collection(namespace), JSON, object)
            .await
    }

    /// Creates an object, and answers what the server made of it.
    pub async fn create_and_read<T: DeserializeOwned>(
        &self,
        namespace: &str,
        object: &impl Serialize,
    ) -> Result<T, RequestError> {
        let path = self.resource.collection(namespace);
        let request = write::request(Method::POST, path, JSON, object)?;
        Ok(self.client.request(request).await?)
    }

    /// Creates a subresource of an object, for instance `binding`.
    pub async fn create_part(
        &self,
        name: &ObjectName,
        part: &str,
        object: &impl Serialize,
    ) -> Result<(), RequestError> {
        let path = format!("{}/{part}", self.resource.path(name));
        self.send(Method::POST, path, JSON, object).await
    }

    /// Replaces an object; with a `resourceVersion` in it only if nobody changed it since.
    pub async fn replace(&self, name: &ObjectName, object: &impl Serialize) -> Result<(), RequestError> {
        self.send(Method::PUT, self.resource.path(name), JSON, object)
            .await
    }

    /// As [`Collection::replace`], and answers what the server made of it.
    pub(crate) async fn replace_and_read<T: DeserializeOwned>(
        &self,
        name: &ObjectName,
        object: &impl Serialize,
    ) -> Result<T, RequestError> {
        let request = write::request(Method::PUT, self.resource.path(name), JSON, object)?;
        Ok(self.client.request(request).await?)
    }

    /// Replaces a subresource of an object, for instance `finalize`.
    pub async fn replace_part(
        &self,
        name: &ObjectName,
        part: &str,
        object: &impl Serialize,
    ) -> Result<(), RequestError> {
        let path = format!("{}/{part}", self.resource.path(name));
        self.send(Method::PUT, path, JSON, object).await
    }

    /// Changes an object by a merge patch (RFC 7396).
    pub async fn merge(&self, name: &ObjectName, patch: &Value) -> Result<(), RequestError> {
        self.send(Method::PATCH, self.resource.path(name), MERGE_PATCH, patch)
            .await
    }

    /// As [`Collection::merge`], for a subresource, for instance `status`. Lists are replaced as a whole.
    pub async fn merge_part(&self, name: &ObjectName, part: &str, patch: &Value) -> Result<(), RequestError> {
        let path = format!("{}/{part}", self.resource.path(name));
        self.send(Method::PATCH, path, MERGE_PATCH, patch).await
    }

    /// Changes an object of a built-in kind by a strategic merge patch: lists with keys are merged.
    pub async fn strategic(&self, name: &ObjectName, patch: &Value) -> Result<(), RequestError> {
        self.send(Method::PATCH, self.resource.path(name), STRATEGIC_PATCH, patch)
            .await
    }

    /// As [`Collection::strategic`], for a subresource, for instance `status`.
    pub async fn strategic_part(
        &self,
        name: &ObjectName,
        part: &str,
        patch: &Value,
    ) -> Result<(), RequestError> {
        let path = format!("{}/{part}", self.resource.path(name));
        self.send(Method::PATCH, path, STRATEGIC_PATCH, patch).await
    }

    /// Deletes an object.
    pub async fn delete(&self, name: &ObjectName, how: &Deletion<'_>) -> Result<(), RequestError> {
        self.send(Method::DELETE, self.resource.path(name), JSON, &how.body())
            .await
    }

    /// Deletes all objects of a namespace, with dependents in the background.
    pub async fn delete_all(&self, namespace: &str) -> Result<(), RequestError> {
        let how = Deletion {
            // As Kubernetes' namespace controller: kinds whose default is to orphan would get a finalizer,
            // and wait for the garbage collector.
            propagation: Some(Propagation::Background),
            ..Deletion::default()
        };
        self.send(
            Method::DELETE,
            self.resource.collection(namespace),
            JSON,
            &how.body(),
        )
        .await
    }

    async fn read<T: DeserializeOwned>(
        &self,
        name: &ObjectName,
        metadata_only: bool,
    ) -> Result<T, RequestError> {
        let request = Request::get(self.resource.path(name))
            .header(ACCEPT, self.source("", metadata_only).accept())
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        Ok(self.client.request(request).await?)
    }

    fn source(&self, namespace: &str, metadata_only: bool) -> Source {
        Source {
            kind: self.resource.kind.clone(),
            path: self.resource.collection(namespace),
            metadata_only,
        }
    }

    async fn send(
        &self,
        method: Method,
        uri: String,
        content: &str,
        body: &impl Serialize,
    ) -> Result<(), RequestError> {
        write::send(&self.client, method, uri, content, body).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delete_options_name_only_what_is_asked_for() {
        let none = Deletion::default().body();
        assert_eq!(none, json!({"apiVersion": "v1", "kind": "DeleteOptions"}));
        let all = Deletion {
            uid: Some("u"),
            resource_version: Some("7"),
            propagation: Some(Propagation::Foreground),
            grace_period: Some(0),
        };
        let body = all.body();
        assert_eq!(body["preconditions"], json!({"uid": "u", "resourceVersion": "7"}));
        assert_eq!(body["propagationPolicy"], "Foreground");
        assert_eq!(body["gracePeriodSeconds"], 0);
    }
}
