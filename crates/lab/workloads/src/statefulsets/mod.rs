//! StatefulSets: Pods with names that stay, made and replaced in order.
//!
//! [`plan`] is the rule, [`identity`] what a Pod is called and carries. There are no ControllerRevisions: a
//! Pod below the partition that has to be made anew gets the present template.

mod identity;
mod plan;

use jiff::Timestamp;
use kinglet_model::Selector;

use super::objects::StatefulSet;
use super::owners::Selecting;
use super::pod_owners::{PodOwner, PodPlan, Surroundings};

impl Selecting for StatefulSet {
    fn selector(&self) -> Option<&Selector> {
        self.selector.as_ref()
    }
}

impl PodOwner for StatefulSet {
    const COMPONENT: &'static str = "statefulset-controller";
    const FAILED: &'static str = "cannot write the Pods of a StatefulSet";
    const FOLLOWS_NODES: bool = false;

    fn plan(&self, around: &Surroundings<'_>, now: Timestamp) -> PodPlan {
        plan::plan(self, around.pods.iter().copied(), around.settled, now)
    }
}
