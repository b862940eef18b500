//! The cluster at the moment of a decision: nodes with the Pods on them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::super::objects::{Node, Pod, PodTerm, Resources};

/// Labels by namespace.
pub(super) type Namespaces = HashMap<Arc<str>, BTreeMap<Box<str>, Box<str>>>;

/// A node and what takes room on it.
#[derive(Debug)]
pub(super) struct NodeInfo {
    pub(super) node: Arc<Node>,
    /// Those that have not ended.
    pub(super) pods: Vec<Arc<Pod>>,
    pub(super) requested: Resources,
}

impl NodeInfo {
    fn add(&mut self, pod: Arc<Pod>) {
        for (name, amount) in &pod.spec.requests {
            *self.requested.entry(name.clone()).or_default() += amount;
        }
        self.pods.push(pod);
    }

    /// The node's value of a topology key.
    pub(super) fn domain(&self, key: &str) -> Option<&str> {
        self.node.metadata.label(key)
    }
}

/// All nodes by name.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) nodes: Vec<NodeInfo>,
    pub(super) namespaces: Arc<Namespaces>,
}

impl Snapshot {
    pub(super) fn new<'a>(
        nodes: impl IntoIterator<Item = &'a Arc<Node>>,
        pods: impl IntoIterator<Item = &'a Arc<Pod>>,
        namespaces: Arc<Namespaces>,
    ) -> Self {
        let node_info = |node: &Arc<Node>| NodeInfo {
            node: node.clone(),
            pods: Vec::new(),
            requested: Resources::new(),
        };
        let mut nodes: BTreeMap<Arc<str>, NodeInfo> = nodes
            .into_iter()
            .map(|node| (node.metadata.name.clone(), node_info(node)))
            .collect();
        // Pods that are being deleted hold their resources until they have ended.
        for pod in pods.into_iter().filter(|pod| !pod.is_finished()) {
            if let Some(node_info) = nodes.get_mut(&pod.spec.node_name) {
                node_info.add(pod.clone());
            }
        }
        Self {
            nodes: nodes.into_values().collect(),
            namespaces,
        }
    }

    /// Puts a Pod on a node, so that the next decision counts it.
    pub(super) fn put(&mut self, pod: Arc<Pod>) {
        let node = pod.spec.node_name.clone();
        let node_info = self
            .nodes
            .iter_mut()
            .find(|node_info| node_info.node.metadata.name == node);
        if let Some(node_info) = node_info {
            node_info.add(pod);
        }
    }

    /// Whether an affinity term of a Pod selects another Pod.
    pub(super) fn selects_pod(&self, owner: &Pod, term: &PodTerm, other: &Pod) -> bool {
        let (home, namespace) = (&owner.metadata.namespace, &other.metadata.namespace);
        let selected = term.namespace_selector.as_ref().is_some_and(|selector| {
            let labels = self.namespaces.get(namespace);
            // An empty one means all namespaces, also one that the watch has not shown yet.
            selector.is_empty() || labels.is_some_and(|labels| selector.matches(labels))
        });
        let listed = term.namespaces.iter().any(|one| **one == **namespace);
        let own = term.namespaces.is_empty() && term.namespace_selector.is_none() && home == namespace;
        let selects = term.label_selector.as_ref();
        (selected || listed || own)
            && selects.is_some_and(|one| one.matches(&other.metadata.labels))
            && matches_keys(owner, term, other)
    }
}

/// Whether two Pods agree in the labels of `matchLabelKeys`, and differ in those of `mismatchLabelKeys`. Keys
/// that the owner of the term does not have do not count.
fn matches_keys(owner: &Pod, term: &PodTerm, other: &Pod) -> bool {
    let agree = |key: &str| {
        let value = owner.metadata.label(key)?;
        Some(other.metadata.label(key) == Some(value))
    };
    let (mut same, mut different) = (term.match_label_keys.iter(), term.mismatch_label_keys.iter());
    same.all(|key| agree(key) != Some(false)) && different.all(|key| agree(key) != Some(true))
}
