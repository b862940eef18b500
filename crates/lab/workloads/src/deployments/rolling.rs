//! The next step of a rolling update: a size for the new ReplicaSet, or smaller ones for old ReplicaSets.

use std::sync::Arc;

use super::super::objects::{Deployment, ReplicaSet};
use super::sets::{Limits, Sets};

/// A ReplicaSet and the size that it is to have.
pub(super) type Resize = (Arc<ReplicaSet>, i32);

/// The size of the new ReplicaSet, which may not exist yet: as big as the surge allows.
pub(super) fn new_size(deployment: &Deployment, sets: &Sets) -> i32 {
    let present = sets.new.as_ref().map_or(0, |set| set.replicas);
    if present >= deployment.replicas {
        return deployment.replicas;
    }
    let most = deployment.replicas + Limits::of(deployment).surge;
    let room = (most - sets.replicas()).max(0);
    present + room.min(deployment.replicas - present)
}

/// The next step: the new ReplicaSet grows first; when it cannot, old ones shrink.
pub(super) fn step(deployment: &Deployment, sets: &Sets) -> Vec<Resize> {
    let Some(new) = &sets.new else {
        return Vec::new();
    };
    let size = new_size(deployment, sets);
    if size != new.replicas {
        return vec![(new.clone(), size)];
    }
    shrink(deployment, sets, new)
}

/// The size of the only ReplicaSet with Pods, while updates are paused. Between two templates sizes stay
/// until the update goes on.
pub(super) fn scale(deployment: &Deployment, sets: &Sets) -> Vec<Resize> {
    let only = match sets.active().as_slice() {
        [] => sets.new.as_ref().or(sets.old.last()),
        [only] => Some(*only),
        _ => None,
    };
    let resized = only.map(|set| (set.clone(), deployment.replicas));
    resized.into_iter().collect()
}

fn shrink(deployment: &Deployment, sets: &Sets, new: &ReplicaSet) -> Vec<Resize> {
    let least = deployment.replicas - Limits::of(deployment).unavailable;
    let starting = new.replicas - new.available();
    // New Pods that do not serve yet may never do so.
    let room = sets.replicas() - least - starting;
    if room <= 0 {
        return Vec::new();
    }
    let mut sizes: Vec<Resize> = sets.old.iter().map(|set| (set.clone(), set.replicas)).collect();
    // Pods that do not serve go first and cost nothing.
    let mut idle = room;
    for (set, size) in &mut sizes {
        take(size, &mut idle, set.replicas - set.available());
    }
    // Of those that serve, what is above the least number.
    let mut serving = (sets.available() - least).max(0).min(idle);
    for (set, size) in &mut sizes {
        let serves = (*size).min(set.available());
        take(size, &mut serving, serves);
    }
    sizes.retain(|(set, size)| *size != set.replicas);
    sizes
}

/// Takes up to `most` away from a size, and from what may be taken in all.
fn take(size: &mut i32, room: &mut i32, most: i32) {
    let taken = most.min(*size).min(*room).max(0);
    *size -= taken;
    *room -= taken;
}
