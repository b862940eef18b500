//! New sizes when the number of wanted Pods changes: in the middle of an update every ReplicaSet grows or
//! shrinks by its share.

use std::cmp::Reverse;

use super::super::objects::{Deployment, ReplicaSet};
use super::rolling::Resize;
use super::sets::{Limits, Sets, age};

/// Annotation of a ReplicaSet: the number of Pods that its Deployment wanted when it was last resized.
pub(super) const ANNOTATION_DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// Annotation of a ReplicaSet: that number with the surge.
pub(super) const ANNOTATION_MAX: &str = "deployment.kubernetes.io/max-replicas";

/// Whether the wanted number has changed since an active ReplicaSet was resized.
pub(super) fn is_due(deployment: &Deployment, sets: &Sets) -> bool {
    sets.active()
        .iter()
        .filter_map(|set| number(set, ANNOTATION_DESIRED))
        .any(|desired| desired != deployment.replicas)
}

/// The new sizes; equal ones only renew the annotations.
pub(super) fn resize(deployment: &Deployment, sets: &Sets) -> Vec<Resize> {
    let active = sets.active();
    if active.len() <= 1 {
        let latest = active.first().copied().or(sets.new.as_ref()).or(sets.old.last());
        let only = latest.map(|set| (set.clone(), deployment.replicas));
        return only.into_iter().collect();
    }
    if is_saturated(deployment, sets) {
        let old = sets.old.iter().filter(|set| set.replicas > 0);
        let new = sets.new.iter().map(|set| (set.clone(), set.replicas));
        return old.map(|set| (set.clone(), 0)).chain(new).collect();
    }
    shares(deployment, sets)
}

/// Whether the new ReplicaSet alone is enough.
fn is_saturated(deployment: &Deployment, sets: &Sets) -> bool {
    sets.new.as_ref().is_some_and(|set| {
        set.replicas == deployment.replicas
            && number(set, ANNOTATION_DESIRED) == Some(deployment.replicas)
            && set.status.available_replicas == deployment.replicas
    })
}

/// Every active ReplicaSet keeps its share of the whole. What rounding leaves goes to the biggest.
fn shares(deployment: &Deployment, sets: &Sets) -> Vec<Resize> {
    let whole = if deployment.replicas > 0 {
        deployment.replicas + Limits::of(deployment).surge
    } else {
        0
    };
    let missing = whole - sets.replicas();
    let mut active = sets.active();
    // Bigger ones first; among equals newer ones grow, older ones shrink.
    active.sort_by(|one, other| age(one).cmp(&age(other)));
    if missing > 0 {
        active.reverse();
    }
    active.sort_by_key(|set| Reverse(set.replicas));
    let mut given = 0;
    let mut sizes: Vec<Resize> = Vec::new();
    for set in active {
        let part = share(set, deployment, whole, missing, given);
        given += part;
        sizes.push((set.clone(), set.replicas + part));
    }
    if let Some((_, size)) = sizes.first_mut() {
        *size = (*size + missing - given).max(0);
    }
    sizes
}

/// By how much a ReplicaSet grows (or, negative, shrinks).
fn share(set: &ReplicaSet, deployment: &Deployment, whole: i32, missing: i32, given: i32) -> i32 {
    if missing == 0 || deployment.replicas == 0 {
        return if deployment.replicas == 0 {
            -set.replicas
        } else {
            0
        };
    }
    let before = number(set, ANNOTATION_MAX)
        .filter(|max| *max > 0)
        .unwrap_or(whole);
    let (size, whole, before) = (
        i64::from(set.replicas),
        i64::from(whole),
        i64::from(before).max(1),
    );
    // Rounded to the nearest.
    let target = (2 * size * whole + before) / (2 * before);
    let part = i32::try_from(target - size).unwrap_or_default();
    let left = missing - given;
    if missing > 0 {
        part.clamp(0, left.max(0))
    } else {
        part.clamp(left.min(0), 0)
    }
}

fn number(set: &ReplicaSet, annotation: &str) -> Option<i32> {
    set.metadata.annotation(annotation)?.parse().ok()
}
