//! Custom resources: the kinds that CustomResourceDefinitions declare.

use std::sync::{Arc, PoisonError};

use futures::StreamExt;
use kinglet_api_kinds::custom::established_status;
use kinglet_api_schema::structural;
use serde_json::Value;

use crate::inner::Inner;
use crate::meta;
use crate::registry::Served;
use crate::store::{Change, Expected, Key};
use crate::verbs::Call;

/// Objects of a definition that are deleted at a time.
const DELETED_TOGETHER: usize = 256;
const DEFINITIONS: &str = "apiextensions.k8s.io/customresourcedefinitions";

/// Whether a call writes CustomResourceDefinitions.
pub(crate) fn is_definition(call: &Call) -> bool {
    *call.kind.collection == *DEFINITIONS
}

/// Publishes the built-in kinds and those of all stored CustomResourceDefinitions.
pub(crate) fn publish(server: &Inner) {
    // Of two that read the definitions at the same time, the one that read less might publish last.
    let _one_at_a_time = server.publishing.lock().unwrap_or_else(PoisonError::into_inner);
    let mut kinds: Vec<Arc<Served>> = kinglet_api_kinds::builtin()
        .into_iter()
        .map(|resource| Arc::new(Served::built_in(resource)))
        .collect();
    // The latest revision is never compacted.
    let definitions = server
        .store
        .list(DEFINITIONS, None, None)
        .map(|listing| listing.objects)
        .unwrap_or_default();
    for definition in definitions {
        kinds.extend(served(&definition.value()));
    }
    server.kinds.set(kinds);
}

fn served(definition: &Value) -> Vec<Arc<Served>> {
    let storage = versions(definition)
        .find(|version| version["storage"] == true)
        .and_then(|version| version["name"].as_str())
        .unwrap_or_default();
    match kinglet_api_kinds::custom::resources(definition) {
        Ok(resources) => resources
            .into_iter()
            .map(|resource| Arc::new(Served::custom(resource, storage)))
            .collect(),
        Err(errors) => {
            let name = meta::text(definition, "name");
            tracing::warn!(name, ?errors, "a stored CustomResourceDefinition is not served");
            Vec::new()
        }
    }
}

fn versions(definition: &Value) -> impl Iterator<Item = &Value> {
    definition
        .pointer("/spec/versions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Warnings about rules in CEL that this server does not understand: they are not enforced.
pub(crate) fn unusable_rules(definition: &Value) -> Vec<String> {
    let schemas = versions(definition).filter_map(|version| version.pointer("/schema/openAPIV3Schema"));
    let found = schemas.flat_map(structural::unusable_rules);
    found
        .map(|why| format!("a validation rule is not understood and not enforced: {why}"))
        .collect()
}

/// Accepts a definition: its names, conditions and stored versions. Nothing more is needed before it is
/// served.
pub(crate) fn accept(definition: &mut Value) {
    definition["status"] = established_status(definition, jiff::Timestamp::now());
}

/// Deletes the objects of a definition that is gone: nobody can see them any more.
pub(crate) async fn delete_objects(server: &Inner, definition: &Value) {
    empty(server, &collection_of(definition).into()).await;
}

fn collection_of(definition: &Value) -> String {
    let text = |pointer: &str| {
        definition
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    format!("{}/{}", text("/spec/group"), text("/spec/names/plural"))
}

/// Deletes the objects whose definition went while the process ended, before they were deleted with it.
pub(crate) async fn sweep(server: &Inner) {
    let registry = server.kinds.get();
    let definitions = server
        .store
        .list(DEFINITIONS, None, None)
        .map(|listing| listing.objects)
        .unwrap_or_default();
    // A definition keeps its objects even if none of its versions is served.
    let declared: Vec<String> = definitions
        .iter()
        .map(|definition| collection_of(&definition.value()))
        .collect();
    for collection in server.store.collections() {
        let served = registry.kinds().iter().any(|kind| kind.collection == collection);
        if !served && !declared.iter().any(|one| **one == *collection) {
            empty(server, &collection).await;
        }
    }
}

async fn empty(server: &Inner, collection: &Arc<str>) {
    let objects = server
        .store
        .list(collection, None, None)
        .map(|listing| listing.objects)
        .unwrap_or_default();
    let deletions = futures::stream::iter(objects);
    // Many at a time, so that they share flushes.
    let deletions = deletions.for_each_concurrent(DELETED_TOGETHER, |stored| async move {
        let key = Key {
            collection: collection.clone(),
            name: stored.name.clone(),
        };
        let expected = Expected::Revision(stored.revision);
        if let Err(error) = server.store.write(key, expected, Change::Delete).await {
            tracing::warn!(%collection, name = %stored.name, %error, "an object without a definition stays");
        }
    });
    deletions.await;
}
