//! StatefulSets: Pods with names that stay, made and replaced in order.
//!
//! [`plan`] is the rule, [`identity`] what a Pod is called and carries. There are no ControllerRevisions: a
//! Pod below the partition that has to be made anew gets the present template.

mod identity;
mod plan;

use jiff::Timestamp;
use kinglet_model::Selector;

use super::fleet::{Fleet, Plan, Surroundings};
use super::objects::StatefulSet;

impl Fleet for StatefulSet {
    const COMPONENT: &'static str = "statefulset-controller";
    const FOLLOWS_NODES: bool = false;

    fn selector(&self) -> Option<&Selector> {
        self.selector.as_ref()
    }

    fn plan(&self, around: &Surroundings<'_>, now: Timestamp) -> Plan {
        plan::plan(self, around.pods.iter().copied(), around.settled, now)
    }
}
