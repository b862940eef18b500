//! From a Deployment and the ReplicaSets of its namespace to the next step.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::super::claim::{Claim, claim};
use super::super::objects::{Deployment, DeploymentStatus, ReplicaSet, Strategy};
use super::revision::{self, Annotations};
use super::rolling::{self, Resize};
use super::sets::Sets;
use super::status;

/// The writes that a Deployment needs now.
#[derive(Debug)]
pub(crate) struct DeploymentPlan {
    pub(super) adopt: Vec<Arc<ReplicaSet>>,
    pub(super) release: Vec<Arc<ReplicaSet>>,
    /// A new ReplicaSet.
    pub(super) create: Option<Value>,
    /// Annotations and other fields in which the new ReplicaSet differs from what it should be.
    pub(super) update: Option<(Arc<ReplicaSet>, Annotations)>,
    pub(super) resize: Vec<Resize>,
    pub(super) delete: Vec<Arc<ReplicaSet>>,
    /// The revision that the Deployment is to carry.
    pub(super) revision: Option<String>,
    pub(super) status: DeploymentStatus,
    /// When to look again although nothing changes: progress has a deadline.
    pub(super) again: Option<Duration>,
}

/// Plans the next step.
pub(super) fn plan<'a>(
    deployment: &Deployment,
    namespace: impl IntoIterator<Item = &'a Arc<ReplicaSet>>,
    now: Timestamp,
) -> DeploymentPlan {
    // An empty one selects every ReplicaSet of the namespace, those of other owners included.
    let Some(selector) = deployment.selector.as_ref().filter(|one| !one.is_empty()) else {
        return nothing(deployment);
    };
    let Claim {
        owned,
        adopt,
        release,
    } = claim(&deployment.metadata, selector, namespace);
    if !adopt.is_empty() || !release.is_empty() {
        // Their changes come back and call for the next plan.
        return DeploymentPlan {
            adopt,
            release,
            ..nothing(deployment)
        };
    }
    step(deployment, &Sets::of(deployment, owned), now)
}

fn step(deployment: &Deployment, sets: &Sets, now: Timestamp) -> DeploymentPlan {
    let mut plan = nothing(deployment);
    plan.status = status::counted(deployment, sets, now);
    if deployment.metadata.deletion_timestamp.is_some() {
        return plan;
    }
    if deployment.paused {
        plan.resize = rolling::scale(deployment, sets);
    } else {
        roll_out(&mut plan, deployment, sets, now);
    }
    plan.resize.retain(|(set, size)| *size != set.replicas);
    note_revision(&mut plan, deployment, sets);
    plan
}

fn nothing(deployment: &Deployment) -> DeploymentPlan {
    DeploymentPlan {
        adopt: Vec::new(),
        release: Vec::new(),
        create: None,
        update: None,
        resize: Vec::new(),
        delete: Vec::new(),
        revision: None,
        status: deployment.status.clone(),
        again: None,
    }
}

fn roll_out(plan: &mut DeploymentPlan, deployment: &Deployment, sets: &Sets, now: Timestamp) {
    match &deployment.strategy {
        Strategy::Rolling { .. } if sets.new.is_some() => plan.resize = rolling::step(deployment, sets),
        Strategy::Rolling { .. } => {
            let size = rolling::new_size(deployment, sets);
            plan.create = Some(revision::new_set(deployment, sets, size));
        }
        Strategy::Recreate => recreate(plan, deployment, sets),
    }
    let created = plan.create.as_ref();
    let created = created.and_then(|set| set["metadata"]["name"].as_str());
    plan.status = status::rolled(deployment, sets, created, now);
    plan.again = status::deadline(deployment, &plan.status, now);
    if status::is_complete(deployment, &plan.status) {
        plan.delete = revision::beyond_history_limit(deployment, sets);
    }
}

fn recreate(plan: &mut DeploymentPlan, deployment: &Deployment, sets: &Sets) {
    let old = sets.old.iter().filter(|set| set.replicas > 0);
    plan.resize = old.map(|set| (set.clone(), 0)).collect();
    // `Recreate` promises that two templates never run at the same time.
    if !plan.resize.is_empty() || !sets.old.iter().all(|set| is_empty(set)) {
        return;
    }
    match &sets.new {
        Some(new) => plan.resize = vec![(new.clone(), deployment.replicas)],
        None => plan.create = Some(revision::new_set(deployment, sets, deployment.replicas)),
    }
}

/// Whether no Pod of a ReplicaSet is left, not even one that is ending.
fn is_empty(set: &ReplicaSet) -> bool {
    set.is_observed() && set.status.replicas == 0 && set.status.terminating_replicas == 0
}

/// The new ReplicaSet carries the annotations of the Deployment, and both the revision.
fn note_revision(plan: &mut DeploymentPlan, deployment: &Deployment, sets: &Sets) {
    if let Some(new) = &sets.new {
        let mut wanted = revision::annotations(deployment, sets);
        wanted.retain(|key, value| new.metadata.annotation(key) != Some(value));
        if !wanted.is_empty() || new.min_ready_seconds != deployment.min_ready_seconds {
            plan.update = Some((new.clone(), wanted));
        }
    }
    let known = deployment.metadata.annotation(revision::ANNOTATION_REVISION);
    let current = revision::of_deployment(sets);
    let exists = sets.new.is_some() || plan.create.is_some();
    plan.revision = (exists && known != Some(current.as_str())).then_some(current);
}

#[cfg(test)]
mod tests;
