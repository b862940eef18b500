//! What the kinds of workloads have in common as they are written.

use kinglet_model::Meta;
use serde::Deserialize;
use serde_json::Value;

use super::nullable;

/// An object with its specification and status.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wire<Spec, Status, Metadata = Meta> {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
    pub(super) status: Status,
}

/// `spec.strategy` or `spec.updateStrategy`.
#[derive(Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    default,
    bound = "Rolling: Default + Deserialize<'de>"
)]
pub(super) struct WireStrategy<Rolling> {
    pub(super) r#type: Box<str>,
    #[serde(deserialize_with = "nullable")]
    pub(super) rolling_update: Rolling,
}

impl<Rolling> WireStrategy<Rolling> {
    /// Pods are replaced only after somebody deletes them.
    pub(super) fn is_on_delete(&self) -> bool {
        &*self.r#type == "OnDelete"
    }
}

/// `rollingUpdate` where it has two amounts, numbers or percentages.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Amounts {
    pub(super) max_surge: Option<Value>,
    pub(super) max_unavailable: Option<Value>,
}
