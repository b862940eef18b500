//! ReplicaSets: as many Pods of a template as wanted.
//!
//! [`plan`] is the rule, [`rank`] the order in which surplus Pods go.

mod plan;
mod rank;

use jiff::Timestamp;
use kinglet_model::Selector;
use serde_json::json;

use super::objects::{Owner, ReplicaSet};
use super::owners::Selecting;
use super::pod_owners::{PodOwner, PodPlan, Surroundings};
use super::template;

/// Pods that one plan makes or deletes at most.
const BURST: usize = 500;

impl Selecting for ReplicaSet {
    fn selector(&self) -> Option<&Selector> {
        self.selector.as_ref()
    }
}

impl PodOwner for ReplicaSet {
    const COMPONENT: &'static str = "replicaset-controller";
    const FAILED: &'static str = "cannot write the Pods of a ReplicaSet";
    const FOLLOWS_NODES: bool = false;

    fn plan(&self, around: &Surroundings<'_>, now: Timestamp) -> PodPlan {
        let mut plan = plan::plan(self, around.pods.iter().copied(), around.settled, now);
        let owner = Owner::reference::<Self>(&self.metadata);
        let pod = template::pod(&self.template, &self.metadata.name, owner);
        plan.delete.truncate(BURST);
        PodPlan {
            adopt: plan.claim.adopt,
            release: plan.claim.release,
            create: vec![pod; plan.create.min(BURST)],
            delete: plan.delete,
            status: (plan.status != self.status).then(|| json!(plan.status)),
            warnings: Vec::new(),
            again: plan.again,
        }
    }
}
