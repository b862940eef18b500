//! Affinity and anti-affinity between Pods, by topology domain.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::objects::{Pod, PodTerm};
use super::reason::Reason;
use super::view::{Place, View};

/// A topology key and a domain of it.
type Domain<'a> = (&'a str, &'a str);

/// Where the Pods are that a Pod wants near or far, and those that do not want it near.
pub(super) struct Neighbours<'a> {
    pod: &'a Pod,
    /// Domains with Pods that all affinity terms mean.
    friends: HashSet<Domain<'a>>,
    /// Whether the Pod may be the first of its kind: it means itself, and nobody else is there.
    first: bool,
    foes: HashSet<Domain<'a>>,
    unwanted: HashSet<Domain<'a>>,
}

impl<'a> Neighbours<'a> {
    pub(super) fn new(pod: &'a Pod, view: &'a View) -> Self {
        let mut neighbours = Self {
            pod,
            friends: HashSet::new(),
            first: false,
            foes: HashSet::new(),
            unwanted: HashSet::new(),
        };
        let friendly = |other: &Pod| {
            let terms = &pod.spec.affinity;
            !terms.is_empty() && terms.iter().all(|term| view.means(pod, term, other))
        };
        for (place, other) in occupied(view) {
            if friendly(other) {
                extend(&mut neighbours.friends, place, pod.spec.affinity.iter());
            }
            let hostile = pod.spec.anti_affinity.iter();
            let hostile = hostile.filter(|term| view.means(pod, term, other));
            extend(&mut neighbours.foes, place, hostile);
            let averse = other.spec.anti_affinity.iter();
            let averse = averse.filter(|term| view.means(other, term, pod));
            extend(&mut neighbours.unwanted, place, averse);
        }
        neighbours.first = neighbours.friends.is_empty() && friendly(pod);
        neighbours
    }

    /// Why a node breaks a rule.
    pub(super) fn reason(&self, place: &Place) -> Option<Reason> {
        let near = |term: &PodTerm| {
            let domain = domain(place, term);
            domain.is_some_and(|domain| self.first || self.friends.contains(&domain))
        };
        let is_in = |domains: &HashSet<Domain<'_>>| {
            domains
                .iter()
                .any(|(key, value)| place.domain(key) == Some(*value))
        };
        if !self.pod.spec.affinity.iter().all(near) {
            Some(Reason::NoFriends)
        } else if is_in(&self.foes) {
            Some(Reason::Foes)
        } else {
            is_in(&self.unwanted).then_some(Reason::Unwanted)
        }
    }
}

/// All Pods with their places.
fn occupied(view: &View) -> impl Iterator<Item = (&Place, &Arc<Pod>)> {
    let places = view.places.iter();
    places.flat_map(|place| place.pods.iter().map(move |pod| (place, pod)))
}

fn domain<'a>(place: &'a Place, term: &'a PodTerm) -> Option<Domain<'a>> {
    Some((&*term.topology_key, place.domain(&term.topology_key)?))
}

fn extend<'a>(domains: &mut HashSet<Domain<'a>>, place: &'a Place, terms: impl Iterator<Item = &'a PodTerm>) {
    domains.extend(terms.filter_map(|term| domain(place, term)));
}

/// How much a node is preferred for the Pods that are near it: the weights of the Pod's own preferences and
/// of theirs.
pub(super) fn preference(pod: &Pod, place: &Place, view: &View) -> i64 {
    let near = |term: &PodTerm, other: &Place| {
        let own = place.domain(&term.topology_key);
        own.is_some() && own == other.domain(&term.topology_key)
    };
    let mut sum = 0;
    for (there, other) in occupied(view) {
        for (from, to) in [(pod, &**other), (&**other, pod)] {
            let wanted = from.spec.preferred_affinity.iter().map(|one| (one, 1));
            let unwanted = from.spec.preferred_anti_affinity.iter().map(|one| (one, -1));
            for (one, sign) in wanted.chain(unwanted) {
                if near(&one.term, there) && view.means(from, &one.term, to) {
                    sum += sign * one.weight;
                }
            }
        }
    }
    sum
}
