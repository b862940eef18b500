//! DaemonSets: one Pod on every node that suits.
//!
//! [`plan`] is the rule: [`eligible`] tells which nodes suit, [`update`] which Pods of an old template go or
//! get a companion. The Pods are pinned to their nodes by node affinity; the scheduler binds them.

mod eligible;
mod node_pods;
mod plan;
mod update;

use jiff::Timestamp;
use kinglet_model::{Object, Selector};
use serde_json::json;

use super::objects::{DaemonSet, Pod};
use super::owners::Selecting;
use super::pod_owners::{PodOwner, PodPlan, Surroundings};

impl Selecting for DaemonSet {
    fn selector(&self) -> Option<&Selector> {
        self.selector.as_ref()
    }
}

impl PodOwner for DaemonSet {
    const COMPONENT: &'static str = "daemonset-controller";
    const FAILED: &'static str = "cannot write the Pods of a DaemonSet";
    const FOLLOWS_NODES: bool = true;

    fn plan(&self, around: &Surroundings<'_>, now: Timestamp) -> PodPlan {
        let (nodes, pods) = (around.nodes.iter().copied(), around.pods.iter().copied());
        let plan = plan::plan(self, nodes, pods, around.settled, now);
        let failed = plan.delete.iter().filter(|pod| pod.is_finished());
        PodPlan {
            warnings: failed.map(|pod| failure(pod)).collect(),
            adopt: plan.adopt,
            release: plan.release,
            create: plan.create.iter().map(|node| plan::pod(self, node)).collect(),
            delete: plan.delete,
            status: (plan.status != self.status).then(|| json!(plan.status)),
            again: plan.again,
        }
    }
}

fn failure(pod: &Pod) -> (&'static str, String) {
    let (name, node) = (pod.object_name(), &pod.spec.node_name);
    let note = format!("Found failed daemon pod {name} on node {node}, will try to kill it");
    ("FailedDaemonPod", note)
}
