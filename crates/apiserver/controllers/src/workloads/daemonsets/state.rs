//! What the controller knows: DaemonSets, nodes, and the Pods of their namespaces.

use std::sync::Arc;

use kinglet_model::{Object, ObjectName};

use super::super::expected::Expected;
use super::super::objects::{DaemonSet, Node, Pod};
use super::super::store::Store;
use crate::watched::Change;

#[derive(Default)]
pub(super) struct State {
    sets: Store<DaemonSet>,
    pods: Store<Pod>,
    nodes: Store<Node>,
    pub(super) expected: Expected,
}

impl State {
    pub(super) fn set(&mut self, change: Change<DaemonSet>) -> Vec<ObjectName> {
        let name = change.0.clone();
        self.sets.take(change);
        vec![name]
    }

    /// A node concerns all DaemonSets, unless only its status has changed.
    pub(super) fn node(&mut self, change: Change<Node>) -> Vec<ObjectName> {
        let states = self.nodes.take(change);
        let same = |one: &Node, other: &Node| {
            one.metadata.labels == other.metadata.labels && one.taints == other.taints
        };
        match states.as_slice() {
            [before, after] if same(before, after) => Vec::new(),
            _ => self.sets.values().map(|set| set.object_name()).collect(),
        }
    }

    /// The DaemonSets that a change of a Pod concerns: those that control it now or before, and for one without a controller those that
    /// select it.
    pub(super) fn pod(&mut self, change: Change<Pod>) -> Vec<ObjectName> {
        let namespace = change.0.namespace.clone();
        let gone = change.1.is_none();
        let states = self.pods.take(change);
        match states.last() {
            Some(pod) if gone => self.expected.gone(&pod.metadata.uid),
            Some(pod) => self.expected.seen(pod),
            None => {}
        }
        let concerns = |set: &DaemonSet| {
            let selector = set.selector.as_ref();
            states.iter().any(|pod| match &pod.owner {
                Some(owner) => owner.uid == set.metadata.uid,
                None => selector.is_some_and(|one| one.matches(&pod.metadata.labels)),
            })
        };
        let sets = self.sets.within(&namespace);
        sets.filter(|set| concerns(set))
            .map(|set| set.object_name())
            .collect()
    }

    pub(super) fn get(&self, name: &ObjectName) -> Option<&Arc<DaemonSet>> {
        self.sets.get(name)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.nodes.values()
    }

    /// The Pods of a DaemonSet's namespace.
    pub(super) fn pods_of<'a>(&'a self, set: &'a ObjectName) -> impl Iterator<Item = &'a Arc<Pod>> {
        self.pods.within(&set.namespace)
    }
}
