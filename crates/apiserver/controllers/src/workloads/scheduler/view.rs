//! The cluster as the scheduler sees it when it decides: nodes with the Pods on them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::super::objects::{Node, Pod, PodTerm, Resources};

/// Labels by namespace.
pub(super) type Namespaces = HashMap<Arc<str>, BTreeMap<Box<str>, Box<str>>>;

/// A node and what takes room on it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) node: Arc<Node>,
    /// Those that have not ended.
    pub(super) pods: Vec<Arc<Pod>>,
    pub(super) requested: Resources,
}

impl Place {
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
pub(super) struct View {
    pub(super) places: Vec<Place>,
    pub(super) namespaces: Arc<Namespaces>,
}

impl View {
    pub(super) fn new<'a>(
        nodes: impl IntoIterator<Item = &'a Arc<Node>>,
        pods: impl IntoIterator<Item = &'a Arc<Pod>>,
        namespaces: Arc<Namespaces>,
    ) -> Self {
        let place = |node: &Arc<Node>| Place {
            node: node.clone(),
            pods: Vec::new(),
            requested: Resources::new(),
        };
        let mut places: BTreeMap<Arc<str>, Place> = nodes
            .into_iter()
            .map(|node| (node.metadata.name.clone(), place(node)))
            .collect();
        for pod in pods.into_iter().filter(|pod| !pod.is_finished()) {
            if let Some(place) = places.get_mut(&pod.spec.node_name) {
                place.add(pod.clone());
            }
        }
        Self {
            places: places.into_values().collect(),
            namespaces,
        }
    }

    /// Puts a Pod on a node, so that the next decision counts it.
    pub(super) fn put(&mut self, pod: Arc<Pod>) {
        let node = pod.spec.node_name.clone();
        let place = self
            .places
            .iter_mut()
            .find(|place| place.node.metadata.name == node);
        if let Some(place) = place {
            place.add(pod);
        }
    }

    /// Whether a term of a Pod means another Pod.
    pub(super) fn means(&self, owner: &Pod, term: &PodTerm, other: &Pod) -> bool {
        let (home, namespace) = (&owner.metadata.namespace, &other.metadata.namespace);
        let selected = term.namespace_selector.as_ref().is_some_and(|selector| {
            let labels = self.namespaces.get(namespace);
            selector.is_empty() || labels.is_some_and(|labels| selector.matches(labels))
        });
        let listed = term.namespaces.iter().any(|one| **one == **namespace);
        let own = term.namespaces.is_empty() && term.namespace_selector.is_none() && home == namespace;
        let labels = |pod: &Pod, key: &str| pod.metadata.label(key).map(str::to_owned);
        let same = |key: &Box<str>| {
            let value = labels(owner, key);
            value.is_none() || value == labels(other, key)
        };
        let differs = |key: &Box<str>| {
            let value = labels(owner, key);
            value.is_none() || value != labels(other, key)
        };
        (selected || listed || own)
            && term
                .label_selector
                .as_ref()
                .is_some_and(|one| one.matches(&other.metadata.labels))
            && term.match_label_keys.iter().all(same)
            && term.mismatch_label_keys.iter().all(differs)
    }
}
