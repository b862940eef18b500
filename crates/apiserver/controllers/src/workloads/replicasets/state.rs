//! What the controller knows: ReplicaSets, and the Pods of their namespaces.

use std::sync::Arc;

use kinglet_model::{Object, ObjectName};

use super::super::expected::Expected;
use super::super::objects::{Pod, ReplicaSet};
use super::super::store::Store;
use crate::watched::Change;

#[derive(Default)]
pub(super) struct State {
    sets: Store<ReplicaSet>,
    pods: Store<Pod>,
    pub(super) expected: Expected,
}

impl State {
    pub(super) fn set(&mut self, change: Change<ReplicaSet>) -> Vec<ObjectName> {
        let name = change.0.clone();
        self.sets.take(change);
        vec![name]
    }

    /// The ReplicaSets that a change of a Pod concerns: those that control it now or before, and for one without a controller those that
    /// select it.
    pub(super) fn pod(&mut self, change: Change<Pod>) -> Vec<ObjectName> {
        match &change {
            (_, Some(pod)) => self.expected.seen(pod),
            (name, None) => {
                if let Some(pod) = self.pods.get(name) {
                    self.expected.gone(&pod.metadata.uid);
                }
            }
        }
        let namespace = change.0.namespace.clone();
        let states = self.pods.take(change);
        let concerns = |set: &ReplicaSet| {
            states.iter().any(|pod| match &pod.owner {
                Some(owner) => owner.uid == set.metadata.uid,
                None => set
                    .selector
                    .as_ref()
                    .is_some_and(|one| one.matches(&pod.metadata.labels)),
            })
        };
        self.sets
            .within(&namespace)
            .filter(|set| concerns(set))
            .map(|set| set.object_name())
            .collect()
    }

    pub(super) fn get(&self, name: &ObjectName) -> Option<Arc<ReplicaSet>> {
        self.sets.get(name).cloned()
    }

    /// The Pods of a ReplicaSet's namespace.
    pub(super) fn pods_of(&self, set: &ObjectName) -> Vec<Arc<Pod>> {
        self.pods.within(&set.namespace).cloned().collect()
    }
}
