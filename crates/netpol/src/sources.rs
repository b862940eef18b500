//! Where objects come from.

use std::time::Duration;

use kinglet_kube::{Inputs, Kind, Reflector, Reflectors};
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Pod};
use kinglet_telemetry::Lag;

use crate::input::Input;

/// The kinds that the agent watches.
pub const KINDS: &[Kind] = &[
    Kind::of::<Pod>(),
    Kind::of::<Namespace>(),
    Kind::of::<NetworkPolicy>(),
    Kind::of::<ClusterNetworkPolicy>(),
    Kind::of::<Node>(),
];

/// Where objects come from: all of each kind.
#[derive(Clone)]
pub struct Sources {
    /// Pods of all nodes.
    pub pods: Reflector<Pod>,
    /// Namespaces.
    pub namespaces: Reflector<Namespace>,
    /// NetworkPolicies.
    pub policies: Reflector<NetworkPolicy>,
    /// ClusterNetworkPolicies.
    pub cluster_policies: Reflector<ClusterNetworkPolicy>,
    /// Nodes.
    pub nodes: Reflector<Node>,
}

impl Sources {
    /// Watches [`KINDS`].
    pub fn of(reflectors: &Reflectors) -> Self {
        Self {
            pods: reflectors.of(),
            namespaces: reflectors.of(),
            policies: reflectors.of(),
            // A custom resource that many clusters do not have.
            cluster_policies: reflectors.optional(),
            nodes: reflectors.of(),
        }
    }

    /// Whether nothing was heard of a kind for longer than this.
    pub(crate) fn are_silent(&self, longer_than: Duration) -> bool {
        let ages = [
            self.pods.age(),
            self.namespaces.age(),
            self.policies.age(),
            self.cluster_policies.age(),
            self.nodes.age(),
        ];
        ages.into_iter().any(|age| age > longer_than)
    }

    /// All changes, of all kinds.
    pub(crate) fn inputs(&self, lag: Lag) -> Inputs<Input> {
        let mut inputs = Inputs::measured(lag);
        inputs.watch(&self.pods, Input::Pod);
        inputs.watch(&self.namespaces, Input::Namespace);
        inputs.watch(&self.policies, Input::Policy);
        inputs.watch(&self.cluster_policies, Input::ClusterPolicy);
        inputs.watch(&self.nodes, Input::Node);
        inputs
    }
}
