//! The ReplicaSets of a Deployment: the new one, which has its template, and old ones.

use std::sync::Arc;

use super::super::objects::{Deployment, ReplicaSet, Strategy};
use super::super::{amounts, template};

/// ReplicaSets, oldest first.
#[derive(Debug)]
pub(super) struct Sets {
    pub(super) new: Option<Arc<ReplicaSet>>,
    pub(super) old: Vec<Arc<ReplicaSet>>,
}

impl Sets {
    /// Of several with the same template the oldest is the new one.
    pub(super) fn of(deployment: &Deployment, mut owned: Vec<Arc<ReplicaSet>>) -> Self {
        owned.sort_by(|one, other| age(one).cmp(&age(other)));
        let is_new = |set: &Arc<ReplicaSet>| template::is_same(&set.template, &deployment.template);
        let position = owned.iter().position(is_new);
        let new = position.map(|index| owned.remove(index));
        Self { new, old: owned }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<ReplicaSet>> {
        self.old.iter().chain(&self.new)
    }

    /// Those that want Pods.
    pub(super) fn active(&self) -> Vec<&Arc<ReplicaSet>> {
        self.all().filter(|set| set.replicas > 0).collect()
    }

    /// How many Pods all of them want.
    pub(super) fn replicas(&self) -> i32 {
        self.all().map(|set| set.replicas).sum()
    }

    /// How many Pods of all of them serve and will go on doing so.
    pub(super) fn available(&self) -> i32 {
        self.all().map(|set| set.available()).sum()
    }
}

/// What orders ReplicaSets by age.
pub(super) fn age(set: &ReplicaSet) -> (Option<jiff::Timestamp>, &str) {
    (set.metadata.creation_timestamp, &set.metadata.name)
}

/// By how many Pods an update may go above and below the wanted number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) surge: i32,
    pub(super) unavailable: i32,
}

impl Limits {
    /// When both round to nothing one Pod may be missing, or nothing could ever move.
    pub(super) fn of(deployment: &Deployment) -> Self {
        let Strategy::Rolling {
            max_surge,
            max_unavailable,
        } = &deployment.strategy
        else {
            return Self {
                surge: 0,
                unavailable: 0,
            };
        };
        let surge = amounts::scaled(max_surge, deployment.replicas, true);
        let unavailable = amounts::scaled(max_unavailable, deployment.replicas, false);
        let stuck = surge == 0 && unavailable == 0;
        Self {
            surge,
            unavailable: if stuck { 1 } else { unavailable }.min(deployment.replicas),
        }
    }
}
