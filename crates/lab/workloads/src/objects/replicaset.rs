//! ReplicaSet (apps/v1).

use std::sync::Arc;

use kinglet_model::{Meta, Selector};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::Wire;
use super::{Condition, OwnedMeta, Owner, kind, nullable, selector};

/// A ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Wire<Spec, ReplicaSetStatus, OwnedMeta>")]
pub(crate) struct ReplicaSet {
    pub(crate) metadata: Meta,
    /// Who controls it: a Deployment.
    pub(crate) owner: Option<Owner>,
    pub(crate) replicas: i32,
    pub(crate) min_ready_seconds: i32,
    pub(crate) selector: Option<Selector>,
    pub(crate) template: Arc<Value>,
    pub(crate) status: ReplicaSetStatus,
}

kind!(ReplicaSet, "apps", "v1", "ReplicaSet", "replicasets", true);

impl ReplicaSet {
    /// Pods that are available and not about to be taken away.
    pub(crate) fn available(&self) -> i32 {
        self.status.available_replicas.min(self.replicas)
    }

    /// Whether its status tells of its present specification.
    pub(crate) fn is_observed(&self) -> bool {
        self.status.observed_generation >= self.metadata.generation
    }
}

/// `status` of a ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReplicaSetStatus {
    pub(crate) replicas: i32,
    pub(crate) fully_labeled_replicas: i32,
    pub(crate) ready_replicas: i32,
    pub(crate) available_replicas: i32,
    pub(crate) terminating_replicas: i32,
    pub(crate) observed_generation: i64,
    #[serde(deserialize_with = "nullable")]
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<i32>,
    min_ready_seconds: i32,
    #[serde(deserialize_with = "selector")]
    selector: Option<Selector>,
    template: Arc<Value>,
}

impl From<Wire<Spec, ReplicaSetStatus, OwnedMeta>> for ReplicaSet {
    fn from(wire: Wire<Spec, ReplicaSetStatus, OwnedMeta>) -> Self {
        let (metadata, owner) = wire.metadata.split();
        Self {
            metadata,
            owner,
            replicas: wire.spec.replicas.unwrap_or(1),
            min_ready_seconds: wire.spec.min_ready_seconds,
            selector: wire.spec.selector,
            template: wire.spec.template,
            status: wire.status,
        }
    }
}
