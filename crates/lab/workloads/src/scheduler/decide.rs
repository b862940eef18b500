//! The pure rule: a Pod and the cluster in, a node or the reason out.

use std::sync::Arc;

use super::super::objects::Pod;
use super::filter::Filter;
use super::reason::{Reason, message};
use super::score;
use super::view::View;

/// The name of the best node for a Pod, or why there is none.
pub(super) fn decide(pod: &Pod, view: &View) -> Result<Arc<str>, String> {
    let filter = Filter::new(pod, view);
    let reasons: Vec<Vec<Reason>> = view.places.iter().map(|place| filter.reasons(place)).collect();
    let all = reasons.iter().enumerate();
    let suitable: Vec<usize> = all
        .filter(|(_, reasons)| reasons.is_empty())
        .map(|(index, _)| index)
        .collect();
    let best = score::best(pod, view, &suitable).and_then(|index| view.places.get(index));
    best.map(|place| place.node.metadata.name.clone())
        .ok_or_else(|| message(&reasons, pod.spec.never_preempts))
}

#[cfg(test)]
mod tests;
