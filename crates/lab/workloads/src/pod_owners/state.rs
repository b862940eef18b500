//! What a controller of Pods knows: the owners, nodes, and the Pods of the owners' namespaces.

use std::sync::Arc;

use kinglet_kube::Change;
use kinglet_model::ObjectName;

use super::kind::{PodOwner, Surroundings};
use crate::expected::Expected;
use crate::objects::{Node, Pod};
use crate::owners::Owners;
use crate::store::Store;

pub(super) struct State<K> {
    owners: Owners<K, Pod>,
    nodes: Store<Node>,
    pub(super) expected: Expected,
}

impl<K> Default for State<K> {
    fn default() -> Self {
        Self {
            owners: Owners::default(),
            nodes: Store::default(),
            expected: Expected::default(),
        }
    }
}

impl<K: PodOwner> State<K> {
    pub(super) fn owner(&mut self, change: Change<K>) -> Vec<ObjectName> {
        self.owners.owner(change)
    }

    /// A node concerns all owners, unless only its status has changed.
    pub(super) fn node(&mut self, change: Change<Node>) -> Vec<ObjectName> {
        let states = self.nodes.take(change);
        let same = |one: &Node, other: &Node| {
            one.metadata.labels == other.metadata.labels && one.taints == other.taints
        };
        match states.as_slice() {
            [before, after] if same(before, after) => Vec::new(),
            _ => self.owners.names(),
        }
    }

    pub(super) fn pod(&mut self, change: Change<Pod>) -> Vec<ObjectName> {
        match &change {
            Change::Applied(pod) => self.expected.seen(pod),
            Change::Deleted(pod) => self.expected.gone(&pod.metadata.uid),
        }
        self.owners.object(change)
    }

    /// An owner and what it sees.
    pub(super) fn look<'a>(&'a self, name: &'a ObjectName) -> Option<(&'a Arc<K>, Surroundings<'a>)> {
        let owner = self.owners.get(name)?;
        let around = Surroundings {
            nodes: self.nodes.values().collect(),
            pods: self.owners.within(&name.namespace).collect(),
            settled: !self.expected.is_waiting(&owner.meta().uid),
        };
        Some((owner, around))
    }
}
