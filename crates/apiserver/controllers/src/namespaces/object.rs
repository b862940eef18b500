//! A Namespace, reduced to what decides about its end.

use jiff::Timestamp;
use kinglet_model::{Meta, Object};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The finalizer in `spec.finalizers` that holds a namespace until it is empty.
pub(super) const FINALIZER: &str = "kubernetes";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Namespace {
    pub(super) metadata: Meta,
    spec: Spec,
    pub(super) status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    finalizers: Vec<Box<str>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    pub(super) conditions: Vec<Condition>,
}

/// An entry of `status.conditions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Condition {
    pub(super) r#type: String,
    pub(super) status: String,
    pub(super) last_transition_time: Option<Timestamp>,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Object for Namespace {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Namespace";
    const PLURAL: &'static str = "namespaces";
    const NAMESPACED: bool = false;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl Namespace {
    pub(super) fn decode(whole: &Value) -> Option<Self> {
        Self::deserialize(whole).ok()
    }

    /// Whether it is being deleted and still waits for us.
    pub(super) fn is_to_be_emptied(&self) -> bool {
        let held = self.spec.finalizers.iter().any(|one| **one == *FINALIZER);
        self.metadata.deletion_timestamp.is_some() && held
    }
}
