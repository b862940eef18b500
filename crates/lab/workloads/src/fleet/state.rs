//! What a controller of Pods knows: the owners, nodes, and the Pods of the owners' namespaces.

use std::sync::Arc;

use kinglet_model::ObjectName;

use super::super::expected::Expected;
use super::super::objects::{Node, Pod};
use super::super::store::Store;
use super::{Fleet, Surroundings};
use kinglet_controllers::Change;

pub(super) struct State<K> {
    owners: Store<K>,
    pods: Store<Pod>,
    nodes: Store<Node>,
    pub(super) expected: Expected,
}

impl<K> Default for State<K> {
    fn default() -> Self {
        Self {
            owners: Store::default(),
            pods: Store::default(),
            nodes: Store::default(),
            expected: Expected::default(),
        }
    }
}

impl<K: Fleet> State<K> {
    pub(super) fn owner(&mut self, change: Change<K>) -> Vec<ObjectName> {
        let name = change.0.clone();
        self.owners.take(change);
        vec![name]
    }

    /// A node concerns all owners that follow nodes, unless only its status has changed.
    pub(super) fn node(&mut self, change: Change<Node>) -> Vec<ObjectName> {
        if !K::FOLLOWS_NODES {
            return Vec::new();
        }
        let states = self.nodes.take(change);
        let same = |one: &Node, other: &Node| {
            one.metadata.labels == other.metadata.labels && one.taints == other.taints
        };
        match states.as_slice() {
            [before, after] if same(before, after) => Vec::new(),
            _ => self.owners.values().map(|owner| owner.object_name()).collect(),
        }
    }

    /// The owners that a change of a Pod concerns: those that control it now or before, and for one without a
    /// controller those that select it.
    pub(super) fn pod(&mut self, change: Change<Pod>) -> Vec<ObjectName> {
        let namespace = change.0.namespace.clone();
        let gone = change.1.is_none();
        let states = self.pods.take(change);
        match states.last() {
            Some(pod) if gone => self.expected.gone(&pod.metadata.uid),
            Some(pod) => self.expected.seen(pod),
            None => {}
        }
        let concerns = |owner: &K| {
            let selector = owner.selector();
            states.iter().any(|pod| match &pod.owner {
                Some(found) => found.uid == owner.meta().uid,
                None => selector.is_some_and(|one| one.matches(&pod.metadata.labels)),
            })
        };
        let owners = self.owners.within(&namespace);
        owners
            .filter(|owner| concerns(owner))
            .map(|owner| owner.object_name())
            .collect()
    }

    /// An owner and what it sees.
    pub(super) fn look<'a>(&'a self, name: &'a ObjectName) -> Option<(&'a Arc<K>, Surroundings<'a>)> {
        let owner = self.owners.get(name)?;
        let around = Surroundings {
            nodes: self.nodes.values().collect(),
            pods: self.pods.within(&name.namespace).collect(),
            settled: !self.expected.is_waiting(&owner.meta().uid),
        };
        Some((owner, around))
    }
}
