//! The writes by which owners make, take over and delete their Pods.

use std::borrow::Borrow;
use std::sync::Arc;

use kinglet_kube::{
    Client, Collection, Deletion, ObjectReference, Recorder, Report, RequestError, Resource, Severity,
};
use kinglet_model::{Meta, Object, ObjectName};
use serde::Deserialize;
use serde_json::{Value, json};

use super::expected::Done;
use super::objects::{Owner, Pod};

/// Writes Pods and tells of it in Events.
#[derive(Clone)]
pub(super) struct PodWriter {
    pods: Collection,
    recorder: Recorder,
}

#[derive(Deserialize)]
struct Created {
    metadata: Meta,
}

impl PodWriter {
    pub(super) fn new(client: &Client, recorder: Recorder) -> Self {
        let pods = Collection::new(client.clone(), Resource::of::<Pod>());
        Self { pods, recorder }
    }

    /// Creates a Pod of an owner and answers its uid; `None` in a namespace that is being deleted.
    async fn create<K: Object>(&self, owner: &Meta, pod: &Value) -> Result<Option<Arc<str>>, RequestError> {
        match self.pods.create_and_read::<Created>(&owner.namespace, pod).await {
            Ok(created) => {
                let note = format!("Created pod: {}", created.metadata.name);
                self.report::<K>(owner, Severity::Normal, "SuccessfulCreate", note);
                Ok(Some(created.metadata.uid))
            }
            // No retry will ever succeed, and an Event would be refused as well.
            Err(error) if error.is_namespace_terminating() => Ok(None),
            Err(error) => {
                self.report::<K>(
                    owner,
                    Severity::Warning,
                    "FailedCreate",
                    format!("Error creating: {error}"),
                );
                Err(error)
            }
        }
    }

    /// Deletes a Pod of an owner. A conflict (another has its name by now) is for the retry, which sees more.
    async fn delete<K: Object>(&self, owner: &Meta, pod: &Pod) -> Result<(), RequestError> {
        let how = Deletion {
            uid: Some(&pod.metadata.uid),
            ..Deletion::default()
        };
        match self.pods.delete(&pod.object_name(), &how).await {
            Ok(()) => {
                let note = format!("Deleted pod: {}", pod.metadata.name);
                self.report::<K>(owner, Severity::Normal, "SuccessfulDelete", note);
                Ok(())
            }
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) if error.is_conflict() => Err(error),
            Err(error) => {
                self.report::<K>(
                    owner,
                    Severity::Warning,
                    "FailedDelete",
                    format!("Error deleting: {error}"),
                );
                Err(error)
            }
        }
    }

    /// Creates Pods of an owner in batches that double: when the first one is refused, the others would be,
    /// too.
    pub(super) async fn create_all<K: Object>(
        &self,
        owner: &Meta,
        pods: impl IntoIterator<Item = impl Borrow<Value>>,
        done: &mut Done,
    ) -> Result<(), RequestError> {
        // "Slow start" of kube-controller-manager: a template that is refused costs one request, not
        // thousands.
        let (mut pods, mut batch) = (pods.into_iter().peekable(), 1);
        while pods.peek().is_some() {
            let now: Vec<_> = pods.by_ref().take(batch).collect();
            let writes = now.iter().map(|pod| self.create::<K>(owner, pod.borrow()));
            let mut failed = None;
            for result in futures::future::join_all(writes).await {
                match result {
                    Ok(created) => done.created.extend(created),
                    Err(error) => failed = Some(error),
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
            batch *= 2;
        }
        Ok(())
    }

    /// Deletes Pods of an owner.
    pub(super) async fn delete_all<'a, K: Object>(
        &self,
        owner: &Meta,
        pods: impl IntoIterator<Item = &'a Arc<Pod>>,
        done: &mut Done,
    ) -> Result<(), RequestError> {
        for pod in pods {
            self.delete::<K>(owner, pod).await?;
            done.deleted.push(pod.metadata.uid.clone());
        }
        Ok(())
    }

    /// Makes an owner the controller of a Pod that has none.
    pub(super) async fn adopt<K: Object>(&self, owner: &Meta, pod: &Pod) -> Result<(), RequestError> {
        adopt(&self.pods, &pod.metadata, Owner::reference::<K>(owner)).await
    }

    /// Ends the control of an owner over a Pod.
    pub(super) async fn release(&self, owner: &Meta, pod: &Pod) -> Result<(), RequestError> {
        release(&self.pods, &pod.metadata, &owner.uid).await
    }

    pub(super) fn report<K: Object>(
        &self,
        owner: &Meta,
        severity: Severity,
        reason: &'static str,
        note: String,
    ) {
        self.recorder.report(Report {
            regarding: ObjectReference::of::<K>(owner),
            severity,
            reason,
            action: reason,
            note,
        });
    }
}

/// Adds the reference to a controller; an object that is gone needs none.
pub(super) async fn adopt(
    collection: &Collection,
    object: &Meta,
    reference: Value,
) -> Result<(), RequestError> {
    // The uid makes the API server refuse the patch when another object has the name by now.
    let patch = json!({"metadata": {"uid": &*object.uid, "ownerReferences": [reference]}});
    ignore_not_found(collection.strategic(&name(object), &patch).await)
}

/// Takes the reference to a controller away.
pub(super) async fn release(collection: &Collection, object: &Meta, owner: &str) -> Result<(), RequestError> {
    let references = json!([{"$patch": "delete", "uid": owner}]);
    let patch = json!({"metadata": {"uid": &*object.uid, "ownerReferences": references}});
    ignore_not_found(collection.strategic(&name(object), &patch).await)
}

fn name(object: &Meta) -> ObjectName {
    object.object_name()
}

/// An object that is gone, or another of the same name, is as good as a success.
pub(super) fn ignore_not_found(result: Result<(), RequestError>) -> Result<(), RequestError> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}
