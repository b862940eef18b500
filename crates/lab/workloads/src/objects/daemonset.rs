//! DaemonSet (apps/v1).

use std::sync::Arc;

use kinglet_model::{Meta, Selector};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{Amounts, Wire, WireStrategy};
use super::{kind, selector};

/// A DaemonSet.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Wire<Spec, DaemonSetStatus>")]
pub(crate) struct DaemonSet {
    pub(crate) metadata: Meta,
    pub(crate) selector: Option<Selector>,
    pub(crate) template: Arc<Value>,
    pub(crate) min_ready_seconds: i32,
    /// Nodes whose Pod may be missing during an update, number or percentage; `None` when Pods are replaced
    /// only after somebody deletes them (`OnDelete`).
    pub(crate) max_unavailable: Option<Value>,
    /// Nodes that may have an old and a new Pod during an update, number or percentage.
    pub(crate) max_surge: Value,
    pub(crate) status: DaemonSetStatus,
}

kind!(DaemonSet, "apps", "v1", "DaemonSet", "daemonsets", true);

/// `status` of a DaemonSet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DaemonSetStatus {
    pub(crate) current_number_scheduled: i32,
    pub(crate) number_misscheduled: i32,
    pub(crate) desired_number_scheduled: i32,
    pub(crate) number_ready: i32,
    pub(crate) updated_number_scheduled: i32,
    pub(crate) number_available: i32,
    pub(crate) number_unavailable: i32,
    pub(crate) observed_generation: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "selector")]
    selector: Option<Selector>,
    template: Arc<Value>,
    min_ready_seconds: i32,
    update_strategy: WireStrategy<Amounts>,
}

impl From<Wire<Spec, DaemonSetStatus>> for DaemonSet {
    fn from(wire: Wire<Spec, DaemonSetStatus>) -> Self {
        let spec = wire.spec;
        let on_delete = spec.update_strategy.is_on_delete();
        let rolling = spec.update_strategy.rolling_update;
        let max_unavailable = rolling.max_unavailable.unwrap_or_else(|| 1.into());
        Self {
            metadata: wire.metadata,
            selector: spec.selector,
            template: spec.template,
            min_ready_seconds: spec.min_ready_seconds,
            max_unavailable: (!on_delete).then_some(max_unavailable),
            max_surge: rolling.max_surge.unwrap_or_else(|| 0.into()),
            status: wire.status,
        }
    }
}
