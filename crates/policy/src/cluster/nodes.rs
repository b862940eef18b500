//! Labels and addresses of nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{Node, Selector};

use crate::labels::Labels;

/// Labels and addresses of nodes, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes(BTreeMap<Arc<str>, (Labels, BTreeSet<IpAddr>)>);

impl Nodes {
    /// Applies a node; returns whether its labels or addresses changed. Nodes are updated all the time for
    /// other reasons, which must not refill sets.
    pub(super) fn apply(&mut self, node: &Node) -> bool {
        let addresses = node.addresses.iter();
        let addresses = addresses.filter_map(|one| one.address.parse().ok()).collect();
        let facts = (node.metadata.labels.clone(), addresses);
        let before = self.0.insert(node.metadata.name.clone(), facts);
        before.as_ref() != self.0.get(&node.metadata.name)
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether a node has an address.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.0.values().any(|(_, addresses)| addresses.contains(&address))
    }

    /// Addresses of the nodes whose labels match.
    pub(super) fn addresses(&self, selector: &Selector) -> BTreeSet<IpAddr> {
        let meant = self.0.values().filter(|(labels, _)| selector.matches(labels));
        meant.flat_map(|(_, addresses)| addresses).copied().collect()
    }
}
