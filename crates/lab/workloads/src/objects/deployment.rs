//! Deployment (apps/v1).

use std::sync::Arc;

use kinglet_model::{Meta, Selector};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{Amounts, Wire, WireStrategy};
use super::{Condition, is_zero, kind, nullable};

/// A Deployment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Wire<Spec, DeploymentStatus>")]
pub(crate) struct Deployment {
    pub(crate) metadata: Meta,
    pub(crate) replicas: i32,
    pub(crate) selector: Option<Selector>,
    /// `spec.selector` as it is written.
    pub(crate) selector_object: Arc<Value>,
    pub(crate) template: Arc<Value>,
    pub(crate) strategy: Strategy,
    pub(crate) min_ready_seconds: i32,
    /// Old ReplicaSets to keep; `None` keeps all.
    pub(crate) revision_history_limit: Option<usize>,
    pub(crate) paused: bool,
    /// `None` waits for ever.
    pub(crate) progress_deadline_seconds: Option<i32>,
    pub(crate) status: DeploymentStatus,
}

kind!(Deployment, "apps", "v1", "Deployment", "deployments", true);

/// `spec.strategy`; the two amounts are numbers or percentages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Strategy {
    /// All old Pods go before new ones come.
    Recreate,
    /// Pods are replaced step by step.
    Rolling {
        /// More Pods than wanted.
        max_surge: Value,
        /// Fewer available Pods than wanted.
        max_unavailable: Value,
    },
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Rolling {
            max_surge: "25%".into(),
            max_unavailable: "25%".into(),
        }
    }
}

/// `status` of a Deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeploymentStatus {
    pub(crate) observed_generation: i64,
    pub(crate) replicas: i32,
    pub(crate) updated_replicas: i32,
    pub(crate) ready_replicas: i32,
    pub(crate) available_replicas: i32,
    pub(crate) unavailable_replicas: i32,
    pub(crate) terminating_replicas: i32,
    #[serde(deserialize_with = "nullable")]
    pub(crate) conditions: Vec<Condition>,
    /// How often a name for a new ReplicaSet was taken.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "is_zero")]
    pub(crate) collision_count: i32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<i32>,
    selector: Arc<Value>,
    template: Arc<Value>,
    strategy: WireStrategy<Amounts>,
    min_ready_seconds: i32,
    revision_history_limit: Option<i32>,
    paused: bool,
    progress_deadline_seconds: Option<i32>,
}

impl From<WireStrategy<Amounts>> for Strategy {
    fn from(wire: WireStrategy<Amounts>) -> Self {
        if &*wire.r#type == "Recreate" {
            return Self::Recreate;
        }
        let or_quarter = |amount: Option<Value>| amount.unwrap_or_else(|| "25%".into());
        Self::Rolling {
            max_surge: or_quarter(wire.rolling_update.max_surge),
            max_unavailable: or_quarter(wire.rolling_update.max_unavailable),
        }
    }
}

impl From<Wire<Spec, DeploymentStatus>> for Deployment {
    fn from(wire: Wire<Spec, DeploymentStatus>) -> Self {
        let spec = wire.spec;
        // To Kubernetes the greatest number means that there is no deadline.
        let unlimited = |seconds: &i32| *seconds != i32::MAX;
        Self {
            metadata: wire.metadata,
            replicas: spec.replicas.unwrap_or(1),
            selector: Selector::from_label_selector(&spec.selector).ok().flatten(),
            selector_object: spec.selector,
            template: spec.template,
            strategy: spec.strategy.into(),
            min_ready_seconds: spec.min_ready_seconds,
            revision_history_limit: spec
                .revision_history_limit
                .and_then(|limit| usize::try_from(limit).ok()),
            paused: spec.paused,
            progress_deadline_seconds: spec.progress_deadline_seconds.filter(unlimited),
            status: wire.status,
        }
    }
}
