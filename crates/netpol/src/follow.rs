//! Changes of the watched objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_kube::Delta;
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Pod};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::enforcer::Change;
use crate::outside::Sources;

/// Subscriptions to all sources.
pub(crate) struct Changes {
    pods: UnboundedReceiver<Delta<Pod>>,
    namespaces: UnboundedReceiver<Delta<Namespace>>,
    policies: UnboundedReceiver<Delta<NetworkPolicy>>,
    cluster_policies: UnboundedReceiver<Delta<ClusterNetworkPolicy>>,
    nodes: UnboundedReceiver<Delta<Node>>,
    /// Names of the nodes that are ready.
    ready: BTreeSet<Arc<str>>,
    /// Kinds whose first list has not arrived.
    unsynced: usize,
}

/// A change of any kind.
enum Any {
    Pod(Delta<Pod>),
    Namespace(Delta<Namespace>),
    Policy(Delta<NetworkPolicy>),
    ClusterPolicy(Delta<ClusterNetworkPolicy>),
    Node(Delta<Node>),
}

impl Changes {
    pub(crate) fn of(sources: &Sources) -> Self {
        Self {
            pods: sources.pods.subscribe(),
            namespaces: sources.namespaces.subscribe(),
            policies: sources.policies.subscribe(),
            cluster_policies: sources.cluster_policies.subscribe(),
            nodes: sources.nodes.subscribe(),
            ready: BTreeSet::new(),
            unsynced: 5,
        }
    }

    /// Whether all objects that were there at the start have been given.
    pub(crate) fn synced(&self) -> bool {
        self.unsynced == 0
    }

    /// Whether the node is the one of all that tells of what all see: the first that is ready.
    pub(crate) fn is_speaker(&self, node: &str) -> bool {
        self.ready.first().is_none_or(|first| **first == *node)
    }

    /// Waits for a change and gives it with all others that are there already; nothing when the sources are
    /// gone.
    pub(crate) async fn next(&mut self) -> Option<Vec<Change>> {
        let first = tokio::select! {
            delta = self.pods.recv() => delta.map(Any::Pod),
            delta = self.namespaces.recv() => delta.map(Any::Namespace),
            delta = self.policies.recv() => delta.map(Any::Policy),
            delta = self.cluster_policies.recv() => delta.map(Any::ClusterPolicy),
            delta = self.nodes.recv() => delta.map(Any::Node),
        };
        let mut changes = Vec::new();
        changes.extend(self.read(first?));
        while let Some(change) = self.waiting() {
            changes.extend(self.read(change));
        }
        Some(changes)
    }

    /// A change that is there already.
    fn waiting(&mut self) -> Option<Any> {
        let pod = self.pods.try_recv().ok().map(Any::Pod);
        let namespace = || self.namespaces.try_recv().ok().map(Any::Namespace);
        let policy = || self.policies.try_recv().ok().map(Any::Policy);
        let cluster_policy = || self.cluster_policies.try_recv().ok().map(Any::ClusterPolicy);
        let node = || self.nodes.try_recv().ok().map(Any::Node);
        pod.or_else(namespace)
            .or_else(policy)
            .or_else(cluster_policy)
            .or_else(node)
    }

    fn read(&mut self, change: Any) -> Option<Change> {
        match change {
            Any::Pod(Delta::Applied(pod)) => Some(Change::Pod(pod)),
            Any::Pod(Delta::Deleted(pod)) => Some(Change::no_pod(&pod)),
            Any::Namespace(Delta::Applied(namespace)) => Some(Change::Namespace(namespace)),
            Any::Namespace(Delta::Deleted(namespace)) => Some(Change::no_namespace(&namespace)),
            Any::Policy(Delta::Applied(policy)) => Some(Change::Policy(policy)),
            Any::Policy(Delta::Deleted(policy)) => Some(Change::no_policy(&policy)),
            Any::ClusterPolicy(Delta::Applied(policy)) => Some(Change::ClusterPolicy(policy)),
            Any::ClusterPolicy(Delta::Deleted(policy)) => Some(Change::no_cluster_policy(&policy)),
            Any::Node(Delta::Applied(node)) => {
                self.note(&node, node.is_ready());
                Some(Change::Node(node))
            }
            Any::Node(Delta::Deleted(node)) => {
                self.note(&node, false);
                Some(Change::no_node(&node))
            }
            Any::Pod(Delta::Synced)
            | Any::Namespace(Delta::Synced)
            | Any::Policy(Delta::Synced)
            | Any::ClusterPolicy(Delta::Synced)
            | Any::Node(Delta::Synced) => {
                self.unsynced = self.unsynced.saturating_sub(1);
                None
            }
        }
    }

    fn note(&mut self, node: &Node, ready: bool) {
        let name = node.metadata.name.clone();
        if ready {
            self.ready.insert(name);
        } else {
            self.ready.remove(&name);
        }
    }
}
