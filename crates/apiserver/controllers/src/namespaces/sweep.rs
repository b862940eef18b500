//! Deleting everything in a namespace.

use std::collections::BTreeMap;

use kinglet_kube::{Client, Collection, Deletion, Propagation, RequestError, Resource, discover};
use kinglet_model::ObjectName;
use serde::Deserialize;

/// What a sweep met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sweep {
    /// Discovery failed: there may be kinds that were not swept.
    pub(super) discovery: Option<String>,
    /// Requests that failed.
    pub(super) failures: Vec<String>,
    /// Objects that are left, by resource (`deployments.apps`).
    pub(super) remaining: BTreeMap<String, usize>,
    /// Objects that are left, by the finalizer that holds them.
    pub(super) finalizers: BTreeMap<String, usize>,
}

impl Sweep {
    /// Whether nothing is left for sure.
    pub(super) fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    finalizers: Vec<String>,
}

/// Deletes the objects of all namespaced kinds and tells what is left.
pub(super) async fn sweep(client: &Client, namespace: &str) -> Sweep {
    let mut result = Sweep::default();
    let resources = match discover(client).await {
        Ok(resources) => resources,
        Err(error) => {
            result.discovery = Some(error.to_string());
            return result;
        }
    };
    let (pods, others): (Vec<_>, Vec<_>) = resources
        .into_iter()
        .filter(is_swept)
        .partition(|one| one.group.is_empty() && *one.plural == *"pods");
    result.sweep_all(client, namespace, pods).await;
    if result.is_clean() {
        result.sweep_all(client, namespace, others).await;
    }
    result
}

fn is_swept(resource: &Resource) -> bool {
    resource.namespaced && resource.can("list") && resource.can("delete")
}

impl Sweep {
    async fn sweep_all(&mut self, client: &Client, namespace: &str, resources: Vec<Resource>) {
        for resource in resources {
            let collection = Collection::new(client.clone(), resource);
            match delete_all(&collection, namespace).await {
                Ok(left) => self.count(collection.resource(), &left),
                // The kind went in between, and its objects with it.
                Err(error) if error.is_not_found() => {}
                Err(error) => self.failures.push(error.to_string()),
            }
        }
    }

    fn count(&mut self, resource: &Resource, left: &[Object]) {
        if left.is_empty() {
            return;
        }
        self.remaining.insert(full_name(resource), left.len());
        for finalizer in left.iter().flat_map(|object| &object.metadata.finalizers) {
            *self.finalizers.entry(finalizer.clone()).or_default() += 1;
        }
    }
}

/// `deployments.apps`; the core group has no name: `pods.`.
fn full_name(resource: &Resource) -> String {
    format!("{}.{}", resource.plural, resource.group)
}

/// Deletes all objects of a kind and answers those that are still there.
async fn delete_all(collection: &Collection, namespace: &str) -> Result<Vec<Object>, RequestError> {
    let present: Vec<Object> = collection.list_metadata(namespace).await?;
    if present.is_empty() {
        return Ok(present);
    }
    if collection.resource().can("deletecollection") {
        collection.delete_all(namespace).await?;
    } else {
        for object in &present {
            delete(collection, namespace, &object.metadata.name).await?;
        }
    }
    // What finalizers or grace periods hold is still there.
    collection.list_metadata(namespace).await
}

async fn delete(collection: &Collection, namespace: &str, name: &str) -> Result<(), RequestError> {
    let how = Deletion {
        propagation: Some(Propagation::Background),
        ..Deletion::default()
    };
    match collection.delete(&ObjectName::new(namespace, name), &how).await {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}
