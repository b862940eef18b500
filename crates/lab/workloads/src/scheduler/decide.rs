//! The pure rule: a Pod and the cluster in, a node or the reason out.

use std::sync::Arc;

use super::super::objects::Pod;
use super::filter::Filter;
use super::reason::{Reason, message};
use super::score;
use super::snapshot::Snapshot;

/// The name of the best node for a Pod, or why there is none.
pub(super) fn decide(pod: &Pod, snapshot: &Snapshot) -> Result<Arc<str>, String> {
    let filter = Filter::new(pod, snapshot);
    let reasons: Vec<Vec<Reason>> = snapshot
        .nodes
        .iter()
        .map(|node_info| filter.reasons(node_info))
        .collect();
    let all = reasons.iter().enumerate();
    let suitable: Vec<usize> = all
        .filter(|(_, reasons)| reasons.is_empty())
        .map(|(index, _)| index)
        .collect();
    let best = score::best(pod, snapshot, &suitable).and_then(|index| snapshot.nodes.get(index));
    best.map(|node_info| node_info.node.metadata.name.clone())
        .ok_or_else(|| message(&reasons, pod.spec.never_preempts))
}

#[cfg(test)]
mod tests;
