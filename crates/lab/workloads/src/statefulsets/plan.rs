//! From a StatefulSet and the Pods of its namespace to the wanted writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::super::claim::claim;
use super::super::objects::{Pod, StatefulSet, StatefulSetStatus};
use super::super::pod_owners::PodPlan;
use super::identity::{self, is_present, ordinal, revision};

/// Plans. While the cache is not `settled` nothing is created or deleted.
pub(super) fn plan<'a>(
    set: &StatefulSet,
    pods: impl IntoIterator<Item = &'a Arc<Pod>>,
    settled: bool,
    now: Timestamp,
) -> PodPlan {
    // An empty one selects every Pod of the namespace, those of other owners included.
    let Some(selector) = set.selector.as_ref().filter(|one| !one.is_empty()) else {
        return PodPlan::default();
    };
    let mut claim = claim(&set.metadata, selector, pods);
    // A Pod without an ordinal has no place in the set.
    claim.adopt.retain(|pod| ordinal(set, pod).is_some());
    let members: BTreeMap<i32, Arc<Pod>> = claim
        .owned
        .iter()
        .filter_map(|pod| Some((ordinal(set, pod)?, pod.clone())))
        .collect();
    let members = Members { set, members, now };
    let status = members.status();
    let mut plan = PodPlan {
        adopt: claim.adopt,
        release: claim.release,
        status: (status != set.status).then(|| json!(status)),
        again: members.again(),
        ..PodPlan::default()
    };
    // Adopted Pods come back and call for the next plan.
    if settled && plan.adopt.is_empty() && set.metadata.deletion_timestamp.is_none() {
        members.steps(&mut plan);
    }
    plan
}

/// A StatefulSet and its Pods by ordinal.
struct Members<'a> {
    set: &'a StatefulSet,
    members: BTreeMap<i32, Arc<Pod>>,
    now: Timestamp,
}

impl Members<'_> {
    fn wanted(&self) -> std::ops::Range<i32> {
        self.set.first..self.set.first.saturating_add(self.set.replicas)
    }

    /// Fills gaps, then takes what is too much away, then replaces; in order each step waits for the one
    /// before.
    fn steps(&self, plan: &mut PodPlan) {
        if self.fill(plan) && self.shrink(plan) {
            self.replace(plan);
        }
    }

    /// Makes missing Pods, the lowest ordinal first. Answers whether to go on.
    fn fill(&self, plan: &mut PodPlan) -> bool {
        let mut complete = true;
        for ordinal in self.wanted() {
            match self.members.get(&ordinal) {
                None => plan.create.push(identity::pod(self.set, ordinal)),
                // Its successor needs its name.
                Some(pod) if pod.is_finished() && !pod.is_terminating() => plan.delete.push(pod.clone()),
                Some(pod) if self.serves(pod) => continue,
                Some(_) => {}
            }
            complete = false;
            if !self.set.parallel {
                return false;
            }
        }
        complete || self.set.parallel
    }

    /// Deletes Pods beyond the wanted number, the highest ordinal first. Answers whether to go on.
    fn shrink(&self, plan: &mut PodPlan) -> bool {
        let wanted = self.wanted();
        let surplus = self.members.iter().rev();
        let surplus: Vec<&Arc<Pod>> = surplus
            .filter(|(ordinal, _)| !wanted.contains(ordinal))
            .map(|(_, pod)| pod)
            .collect();
        let at_once = if self.set.parallel { surplus.len() } else { 1 };
        let next = surplus.iter().take(at_once).filter(|pod| !pod.is_terminating());
        plan.delete.extend(next.map(|pod| (*pod).clone()));
        surplus.is_empty() || self.set.parallel
    }

    /// Deletes one Pod of an old template, the highest ordinal first, when all above it serve.
    fn replace(&self, plan: &mut PodPlan) {
        let Some(partition) = self.set.partition else {
            return;
        };
        let revision = revision(self.set);
        let replaceable = self.wanted().rev().filter(|ordinal| *ordinal >= partition);
        for pod in replaceable.filter_map(|ordinal| self.members.get(&ordinal)) {
            if !is_present(pod, &revision) {
                if !pod.is_terminating() {
                    plan.delete.push(pod.clone());
                }
                return;
            }
            if !self.serves(pod) {
                return;
            }
        }
    }

    fn serves(&self, pod: &Pod) -> bool {
        pod.is_active() && pod.is_available(self.set.min_ready_seconds, self.now)
    }

    fn status(&self) -> StatefulSetStatus {
        let active = || self.members.values().filter(|pod| pod.is_active());
        let count = |is: &dyn Fn(&Pod) -> bool| {
            i32::try_from(active().filter(|pod| is(pod)).count()).unwrap_or(i32::MAX)
        };
        let update = revision(self.set);
        let before = &*self.set.status.current_revision;
        let (updated, replicas) = (count(&|pod| is_present(pod, &update)), count(&|_| true));
        let available = count(&|pod| self.serves(pod));
        let complete = updated == self.set.replicas && available == updated && replicas == updated;
        // The present revision becomes the current one when all Pods have it.
        let current = if before.is_empty() || complete {
            &*update
        } else {
            before
        };
        StatefulSetStatus {
            observed_generation: self.set.metadata.generation,
            replicas,
            ready_replicas: count(&Pod::is_ready),
            available_replicas: available,
            current_replicas: count(&|pod| is_present(pod, current)),
            updated_replicas: updated,
            current_revision: current.into(),
            update_revision: update.as_str().into(),
        }
    }

    /// The time until the next ready Pod has been so for long enough.
    fn again(&self) -> Option<Duration> {
        let pods = self.members.values();
        let waits = pods.filter_map(|pod| pod.available_in(self.set.min_ready_seconds, self.now));
        let next = waits.filter(|wait| wait.is_positive()).min()?;
        Duration::try_from(next).ok()
    }
}

#[cfg(test)]
mod tests;
