//! Who controls an object.

use std::sync::Arc;

use kinglet_model::{Meta, Object};
use serde::Deserialize;
use serde_json::{Value, json};

use super::nullable;

/// An entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Owner {
    pub(crate) kind: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) uid: Arc<str>,
    pub(crate) controller: bool,
}

impl Owner {
    /// The reference by which an object names its controller.
    pub(crate) fn reference<K: Object>(meta: &Meta) -> Value {
        json!({
            "apiVersion": kinglet_kube::Resource::of::<K>().api_version(),
            "kind": K::KIND,
            "name": &*meta.name,
            "uid": &*meta.uid,
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }
}

/// `metadata`, and in it who controls the object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnedMeta {
    #[serde(flatten)]
    pub(crate) meta: Meta,
    #[serde(default, deserialize_with = "nullable")]
    owner_references: Vec<Owner>,
}

impl OwnedMeta {
    /// The metadata and the controller.
    pub(crate) fn split(self) -> (Meta, Option<Owner>) {
        let mut owners = self.owner_references.into_iter();
        (self.meta, owners.find(|owner| owner.controller))
    }
}
