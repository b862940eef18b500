//! The writes of the collector. Each carries the revision that it is based on, or at least the `uid`; what is
//! gone needs none.

use kinglet_kube::{Deletion, Propagation, RequestError};
use serde_json::{Value, json};

use super::collector::Round;
use super::error::CollectError;
use super::graph::Node;
use super::object::{Metadata, OwnerReference, Uid};

impl Round<'_> {
    /// Takes the references to some owners from an object.
    pub(super) async fn release(
        &self,
        node: &Node,
        live: &Metadata,
        owners: &[Uid],
    ) -> Result<(), CollectError> {
        let kept: Vec<&OwnerReference> = live
            .owner_references
            .iter()
            .filter(|one| !owners.contains(&one.uid))
            .collect();
        if kept.len() == live.owner_references.len() {
            return Ok(());
        }
        self.change(node, live, "ownerReferences", list(&kept)).await
    }

    /// Takes a finalizer from an object.
    pub(super) async fn drop_finalizer(
        &self,
        uid: &Uid,
        node: &Node,
        finalizer: &str,
    ) -> Result<(), CollectError> {
        let Some(live) = self
            .live(uid, node)
            .await?
            .filter(|live| live.has_finalizer(finalizer))
        else {
            return Ok(());
        };
        let kept: Vec<&str> = live
            .finalizers
            .iter()
            .map(AsRef::as_ref)
            .filter(|one| *one != finalizer)
            .collect();
        self.change(node, &live, "finalizers", list(&kept)).await
    }

    /// Deletes an object that its owners wait for and that itself waits, by way of its dependents, for its
    /// owners.
    pub(super) async fn unblock(
        &self,
        node: &Node,
        live: &Metadata,
        how: Propagation,
    ) -> Result<(), CollectError> {
        let mut references = live.owner_references.clone();
        references
            .iter_mut()
            .for_each(|one| one.block_owner_deletion = Some(false));
        if references != live.owner_references {
            self.change(node, live, "ownerReferences", json!(references))
                .await?;
        }
        // The change of the references has made a new revision.
        self.delete(node, live, None, how).await
    }

    async fn change(
        &self,
        node: &Node,
        live: &Metadata,
        field: &str,
        value: Value,
    ) -> Result<(), CollectError> {
        let patch = json!({"metadata": {"resourceVersion": live.resource_version, field: value}});
        ignore_not_found(self.collection(node).merge(&node.name, &patch).await)
    }

    /// Deletes an object.
    pub(super) async fn delete(
        &self,
        node: &Node,
        live: &Metadata,
        revision: Option<&str>,
        how: Propagation,
    ) -> Result<(), CollectError> {
        let how = Deletion {
            grace_period: None,
            uid: Some(&live.uid),
            resource_version: revision,
            propagation: Some(how),
        };
        ignore_not_found(self.collection(node).delete(&node.name, &how).await)
    }
}

/// A list for a merge patch: an empty one is removed.
fn list<T: serde::Serialize>(items: &[T]) -> Value {
    if items.is_empty() {
        Value::Null
    } else {
        json!(items)
    }
}

/// What is gone needs no write.
fn ignore_not_found(result: Result<(), RequestError>) -> Result<(), CollectError> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        result => Ok(result?),
    }
}
