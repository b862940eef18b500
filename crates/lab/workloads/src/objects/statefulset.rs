//! StatefulSet (apps/v1).

use std::sync::Arc;

use kinglet_model::{Meta, Selector};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{Wire, WireStrategy};
use super::{kind, nullable, selector};

/// A StatefulSet.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Wire<Spec, StatefulSetStatus>")]
pub(crate) struct StatefulSet {
    pub(crate) metadata: Meta,
    pub(crate) selector: Option<Selector>,
    pub(crate) template: Arc<Value>,
    /// Names of `volumeClaimTemplates`.
    pub(crate) claims: Vec<Box<str>>,
    pub(crate) service_name: Box<str>,
    pub(crate) replicas: i32,
    /// `spec.ordinals.start`.
    pub(crate) first: i32,
    pub(crate) min_ready_seconds: i32,
    /// `podManagementPolicy: Parallel`: Pods do not wait for each other.
    pub(crate) parallel: bool,
    /// Pods from this ordinal on are replaced; `None` when only after somebody deletes them (`OnDelete`).
    pub(crate) partition: Option<i32>,
    pub(crate) status: StatefulSetStatus,
}

kind!(StatefulSet, "apps", "v1", "StatefulSet", "statefulsets", true);

/// `status` of a StatefulSet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StatefulSetStatus {
    pub(crate) observed_generation: i64,
    pub(crate) replicas: i32,
    pub(crate) ready_replicas: i32,
    pub(crate) available_replicas: i32,
    pub(crate) current_replicas: i32,
    pub(crate) updated_replicas: i32,
    pub(crate) current_revision: Box<str>,
    pub(crate) update_revision: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<i32>,
    #[serde(deserialize_with = "selector")]
    selector: Option<Selector>,
    template: Arc<Value>,
    #[serde(deserialize_with = "nullable")]
    volume_claim_templates: Vec<ClaimTemplate>,
    service_name: Box<str>,
    pod_management_policy: Box<str>,
    min_ready_seconds: i32,
    #[serde(deserialize_with = "nullable")]
    ordinals: Ordinals,
    update_strategy: WireStrategy<Rolling>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaimTemplate {
    metadata: Meta,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ordinals {
    start: i32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rolling {
    partition: i32,
}

impl From<Wire<Spec, StatefulSetStatus>> for StatefulSet {
    fn from(wire: Wire<Spec, StatefulSetStatus>) -> Self {
        let spec = wire.spec;
        let strategy = spec.update_strategy;
        let claims = spec.volume_claim_templates.iter();
        Self {
            metadata: wire.metadata,
            selector: spec.selector,
            template: spec.template,
            claims: claims.map(|one| Box::from(&*one.metadata.name)).collect(),
            service_name: spec.service_name,
            replicas: spec.replicas.unwrap_or(1),
            first: spec.ordinals.start,
            min_ready_seconds: spec.min_ready_seconds,
            parallel: &*spec.pod_management_policy == "Parallel",
            partition: (!strategy.is_on_delete()).then_some(strategy.rolling_update.partition),
            status: wire.status,
        }
    }
}
