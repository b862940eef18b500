//! The part of `metadata` that decides about an object's life.

use std::sync::Arc;

use kinglet_model::ObjectName;
use serde::{Deserialize, Serialize};

/// `metadata.uid`.
pub(crate) type Uid = Arc<str>;

/// The finalizer of an owner whose dependents lose their reference first.
pub(super) const ORPHAN: &str = "orphan";
/// The finalizer of an owner whose blocking dependents go first.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// Any object, as `PartialObjectMetadata`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Object {
    pub(super) metadata: Metadata,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    pub(super) name: Arc<str>,
    pub(super) namespace: Arc<str>,
    pub(super) uid: Uid,
    pub(super) resource_version: Box<str>,
    pub(super) owner_references: Box<[OwnerReference]>,
    pub(super) finalizers: Box<[Box<str>]>,
    pub(super) deletion_timestamp: Option<Box<str>>,
}

impl Metadata {
    pub(super) fn object_name(&self) -> ObjectName {
        ObjectName {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    pub(super) fn has_finalizer(&self, finalizer: &str) -> bool {
        self.finalizers.iter().any(|one| **one == *finalizer)
    }

    pub(super) fn stage(&self) -> Stage {
        match self.deletion_timestamp {
            None => Stage::Living,
            Some(_) if self.has_finalizer(ORPHAN) => Stage::Orphaning,
            Some(_) if self.has_finalizer(FOREGROUND) => Stage::AwaitingDependents,
            Some(_) => Stage::Leaving,
        }
    }
}

/// An entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OwnerReference {
    pub(super) api_version: Box<str>,
    pub(super) kind: Box<str>,
    pub(super) name: Arc<str>,
    pub(super) uid: Uid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) controller: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block_owner_deletion: Option<bool>,
}

impl OwnerReference {
    pub(super) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether the owner, deleted in the foreground, has to wait for the dependent.
    pub(super) fn blocks(&self) -> bool {
        self.block_owner_deletion == Some(true)
    }
}

/// How far an object is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not deleted.
    Living,
    /// Deleted; its dependents are losing their references.
    Orphaning,
    /// Deleted; waits for its blocking dependents to go.
    AwaitingDependents,
    /// Deleted; held by something that is no concern of garbage collection.
    Leaving,
}
