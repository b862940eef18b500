//! What the reconciler takes in.

use std::sync::Arc;

use kinglet_kube::Change;
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Pod};

/// A change of what the rules depend on.
#[derive(Debug)]
pub(crate) enum Input {
    /// A pod that is about to start, with its addresses.
    Starting(Arc<Pod>),
    Pod(Change<Pod>),
    Namespace(Change<Namespace>),
    Policy(Change<NetworkPolicy>),
    ClusterPolicy(Change<ClusterNetworkPolicy>),
    Node(Change<Node>),
}
