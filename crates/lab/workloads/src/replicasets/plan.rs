//! From a ReplicaSet and the Pods of its namespace to the wanted writes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::super::claim::{Claim, claim};
use super::super::objects::{Pod, ReplicaSet, ReplicaSetStatus};
use super::super::template;
use super::rank;

/// The writes that a ReplicaSet needs now.
#[derive(Debug)]
pub(super) struct ReplicaSetPlan {
    pub(super) claim: Claim<Pod>,
    /// How many Pods to create.
    pub(super) create: usize,
    pub(super) delete: Vec<Arc<Pod>>,
    pub(super) status: ReplicaSetStatus,
    /// When to look again although nothing changes: a Pod becomes available.
    pub(super) again: Option<Duration>,
}

/// Plans. While the cache is not `settled` nothing is created or deleted.
pub(super) fn plan<'a>(
    set: &ReplicaSet,
    pods: impl IntoIterator<Item = &'a Arc<Pod>>,
    settled: bool,
    now: Timestamp,
) -> ReplicaSetPlan {
    // Without a selector nothing is selected, and what is owned stays as it is.
    let claim = match &set.selector {
        Some(selector) => claim(&set.metadata, selector, pods),
        None => Claim::default(),
    };
    let active: Vec<Arc<Pod>> = claim
        .owned
        .iter()
        .filter(|pod| pod.is_active())
        .cloned()
        .collect();
    // Pods to be adopted count already: they will be there before the next plan.
    let adopted = claim.adopt.iter().filter(|pod| pod.is_active()).cloned();
    let all: Vec<Arc<Pod>> = active.iter().cloned().chain(adopted).collect();
    let wanted = usize::try_from(set.replicas).unwrap_or_default();
    let manages = settled && set.selector.is_some() && set.metadata.deletion_timestamp.is_none();
    let (mut create, mut delete) = (0, Vec::new());
    if manages {
        create = wanted.saturating_sub(all.len());
        delete = rank::surplus(all.clone(), all.len().saturating_sub(wanted), now);
    }
    ReplicaSetPlan {
        status: status(set, &active, terminating(&claim), now),
        again: again(set, &active, now),
        claim,
        create,
        delete,
    }
}

fn terminating(claim: &Claim<Pod>) -> usize {
    let ending = |pod: &&Arc<Pod>| pod.is_terminating() && !pod.is_finished();
    claim.owned.iter().filter(ending).count()
}

fn status(set: &ReplicaSet, active: &[Arc<Pod>], terminating: usize, now: Timestamp) -> ReplicaSetStatus {
    let count = |is: &dyn Fn(&Pod) -> bool| number(active.iter().filter(|pod| is(pod)).count());
    let labels = template::labels(&set.template);
    let labelled = |pod: &Pod| {
        let mut labels = labels.into_iter().flatten();
        labels.all(|(key, value)| pod.metadata.label(key) == value.as_str())
    };
    ReplicaSetStatus {
        replicas: number(active.len()),
        fully_labeled_replicas: count(&labelled),
        ready_replicas: count(&Pod::is_ready),
        available_replicas: count(&|pod| pod.is_available(set.min_ready_seconds, now)),
        terminating_replicas: number(terminating),
        observed_generation: set.metadata.generation,
        conditions: set.status.conditions.clone(),
    }
}

/// The time until the next ready Pod has been so for long enough.
fn again(set: &ReplicaSet, active: &[Arc<Pod>], now: Timestamp) -> Option<Duration> {
    let waits = active
        .iter()
        .filter_map(|pod| pod.available_in(set.min_ready_seconds, now));
    let next = waits.filter(|wait| wait.is_positive()).min()?;
    Duration::try_from(next).ok()
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
