//! Affinity and anti-affinity between Pods, by topology domain.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::objects::{Pod, PodTerm};
use super::reason::Reason;
use super::snapshot::{NodeInfo, Snapshot};

/// A topology key and a domain of it.
type Domain<'a> = (&'a str, &'a str);

/// The domains of the Pods that a Pod's affinity terms select, its anti-affinity terms select, and whose own
/// anti-affinity terms select it.
pub(super) struct PodAffinity<'a> {
    pod: &'a Pod,
    /// Domains with Pods that all affinity terms select.
    affine: HashSet<Domain<'a>>,
    /// Whether the Pod is the first of a group that wants to be together: its terms select itself and no
    /// other Pod. Without this rule such a group could never start.
    first: bool,
    repelled: HashSet<Domain<'a>>,
    refusing: HashSet<Domain<'a>>,
}

impl<'a> PodAffinity<'a> {
    pub(super) fn new(pod: &'a Pod, snapshot: &'a Snapshot) -> Self {
        let mut pod_affinity = Self {
            pod,
            affine: HashSet::new(),
            first: false,
            repelled: HashSet::new(),
            refusing: HashSet::new(),
        };
        let is_affine = |other: &Pod| {
            let terms = &pod.spec.affinity;
            !terms.is_empty() && terms.iter().all(|term| snapshot.selects_pod(pod, term, other))
        };
        for (node_info, other) in placed_pods(snapshot) {
            if is_affine(other) {
                extend(&mut pod_affinity.affine, node_info, pod.spec.affinity.iter());
            }
            let own_terms = pod.spec.anti_affinity.iter();
            let own_terms = own_terms.filter(|term| snapshot.selects_pod(pod, term, other));
            extend(&mut pod_affinity.repelled, node_info, own_terms);
            let their_terms = other.spec.anti_affinity.iter();
            let their_terms = their_terms.filter(|term| snapshot.selects_pod(other, term, pod));
            extend(&mut pod_affinity.refusing, node_info, their_terms);
        }
        pod_affinity.first = pod_affinity.affine.is_empty() && is_affine(pod);
        pod_affinity
    }

    /// Why a node breaks a rule.
    pub(super) fn reason(&self, node_info: &NodeInfo) -> Option<Reason> {
        let near = |term: &PodTerm| {
            let domain = domain(node_info, term);
            domain.is_some_and(|domain| self.first || self.affine.contains(&domain))
        };
        let is_in = |domains: &HashSet<Domain<'_>>| {
            domains
                .iter()
                .any(|(key, value)| node_info.domain(key) == Some(*value))
        };
        if !self.pod.spec.affinity.iter().all(near) {
            Some(Reason::Affinity)
        } else if is_in(&self.repelled) {
            Some(Reason::AntiAffinity)
        } else {
            is_in(&self.refusing).then_some(Reason::ExistingAntiAffinity)
        }
    }
}

/// All Pods with their places.
fn placed_pods(snapshot: &Snapshot) -> impl Iterator<Item = (&NodeInfo, &Arc<Pod>)> {
    let nodes = snapshot.nodes.iter();
    nodes.flat_map(|node_info| node_info.pods.iter().map(move |pod| (node_info, pod)))
}

fn domain<'a>(node_info: &'a NodeInfo, term: &'a PodTerm) -> Option<Domain<'a>> {
    Some((&*term.topology_key, node_info.domain(&term.topology_key)?))
}

fn extend<'a>(
    domains: &mut HashSet<Domain<'a>>,
    node_info: &'a NodeInfo,
    terms: impl Iterator<Item = &'a PodTerm>,
) {
    domains.extend(terms.filter_map(|term| domain(node_info, term)));
}

/// How much a node is preferred for the Pods that are near it: the weights of the Pod's own preferences and
/// of theirs.
pub(super) fn preference(pod: &Pod, node_info: &NodeInfo, snapshot: &Snapshot) -> i64 {
    let near = |term: &PodTerm, other: &NodeInfo| {
        let own = node_info.domain(&term.topology_key);
        own.is_some() && own == other.domain(&term.topology_key)
    };
    let mut sum = 0;
    for (there, other) in placed_pods(snapshot) {
        for (from, to) in [(pod, &**other), (&**other, pod)] {
            let wanted = from.spec.preferred_affinity.iter().map(|one| (one, 1));
            let refusing = from.spec.preferred_anti_affinity.iter().map(|one| (one, -1));
            for (one, sign) in wanted.chain(refusing) {
                if near(&one.term, there) && snapshot.selects_pod(from, &one.term, to) {
                    sum += sign * one.weight;
                }
            }
        }
    }
    sum
}
