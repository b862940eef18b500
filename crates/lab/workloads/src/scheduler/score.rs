//! Which of the suitable nodes is the best.

use super::super::objects::Pod;
use super::super::placement::{PREFER_NO_SCHEDULE, tolerates};
use super::affinity::preference;
use super::snapshot::{NodeInfo, Snapshot};
use super::spread::pods_in_domain;

/// The range of every single score.
const HIGHEST: i64 = 100;

/// Single scores with their weights, as kube-scheduler weighs them; each is brought to the range from 0 to
/// 100 first.
type Score = fn(&Pod, &NodeInfo, &Snapshot) -> i64;
const SCORES: &[(i64, Score)] = &[
    (3, bad_taints),
    (2, preferred_node),
    (2, preference),
    (2, soft_spread),
    (2, pods_of_owner),
    (1, free_resources),
];

/// The best of the nodes (indices into the snapshot). Of equal ones that with the fewest Pods, then the first
/// by name.
pub(super) fn best(pod: &Pod, snapshot: &Snapshot, suitable: &[usize]) -> Option<usize> {
    let nodes: Vec<(usize, &NodeInfo)> = suitable
        .iter()
        .filter_map(|index| Some((*index, snapshot.nodes.get(*index)?)))
        .collect();
    let mut totals = vec![0; nodes.len()];
    for (weight, score) in SCORES {
        let scores: Vec<i64> = nodes
            .iter()
            .map(|(_, node_info)| score(pod, node_info, snapshot))
            .collect();
        for (total, score) in totals.iter_mut().zip(normalized(&scores)) {
            *total += weight * score;
        }
    }
    let ranked = nodes.iter().zip(totals);
    ranked
        .min_by_key(|((index, node_info), total)| (-total, node_info.pods.len(), *index))
        .map(|((index, _), _)| *index)
}

/// The lowest becomes 0 and the highest 100; equal ones tell nothing.
fn normalized(scores: &[i64]) -> Vec<i64> {
    let low = scores.iter().min().copied().unwrap_or(0);
    let high = scores.iter().max().copied().unwrap_or(0);
    let scale = |score: &i64| (score - low) * HIGHEST / (high - low).max(1);
    scores.iter().map(scale).collect()
}

fn bad_taints(pod: &Pod, node_info: &NodeInfo, _: &Snapshot) -> i64 {
    let bad = node_info
        .node
        .taints
        .iter()
        .filter(|taint| &*taint.effect == PREFER_NO_SCHEDULE && !tolerates(&pod.spec.tolerations, taint));
    -count(bad.count())
}

fn preferred_node(pod: &Pod, node_info: &NodeInfo, _: &Snapshot) -> i64 {
    let terms = pod.spec.preferred_nodes.iter();
    let matching = terms.filter(|one| one.term.matches(&node_info.node));
    matching.map(|one| one.weight).sum()
}

fn soft_spread(pod: &Pod, node_info: &NodeInfo, snapshot: &Snapshot) -> i64 {
    -pods_in_domain(pod, node_info, snapshot)
}

/// Pods of one owner spread over the nodes.
fn pods_of_owner(pod: &Pod, node_info: &NodeInfo, _: &Snapshot) -> i64 {
    let Some(owner) = &pod.owner else { return 0 };
    let pods_of_owner = node_info
        .pods
        .iter()
        .filter(|other| other.is_controlled_by(&owner.uid) && !other.is_terminating());
    -count(pods_of_owner.count())
}

/// How much room is left, in hundredths: the mean over the resources that the node declares.
fn free_resources(pod: &Pod, node_info: &NodeInfo, _: &Snapshot) -> i64 {
    let declared = node_info.node.allocatable.iter();
    let shares: Vec<i64> = declared
        .filter(|(resource, most)| matches!(&***resource, "cpu" | "memory") && **most > 0)
        .map(|(resource, most)| {
            let of = |from: &super::super::objects::Resources| from.get(resource).copied().unwrap_or(0);
            let taken = of(&node_info.requested) + of(&pod.spec.requests);
            i64::try_from((most - taken).max(0) * 100 / most).unwrap_or(0)
        })
        .collect();
    shares.iter().sum::<i64>() / count(shares.len()).max(1)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
