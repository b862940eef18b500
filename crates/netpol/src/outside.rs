//! What surrounds the agent: where objects come from, whom it tells what, and why it may end.

use kinglet_kube::{Recorder, Reflector};
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Pod};
use kinglet_nft::Error;
use kinglet_telemetry::WorkerPanicked;

use crate::denied::Denied;
use crate::door::Asks;
use crate::metrics::Metrics;
use crate::starting::Started;

/// Where objects come from: all of each kind.
#[derive(Clone)]
pub struct Sources {
    /// Pods of all nodes.
    pub pods: Reflector<Pod>,
    /// Namespaces.
    pub namespaces: Reflector<Namespace>,
    /// Policies.
    pub policies: Reflector<NetworkPolicy>,
    /// Policies of the cluster.
    pub cluster_policies: Reflector<ClusterNetworkPolicy>,
    /// Nodes.
    pub nodes: Reflector<Node>,
}

/// Whom the agent tells what.
pub struct Outside {
    /// Writes Events.
    pub recorder: Recorder,
    /// Counts.
    pub metrics: Metrics,
    /// Hears whether policies are enforced: the kernel has the rules of all objects, and all packets come
    /// past them.
    pub enforcing: Box<dyn Fn(bool) + Send + Sync>,
    /// Hears of denied packets, as far as the rules log them.
    pub denied: Option<Denied>,
    /// Pods that wait until their policies are in force, if any do.
    pub asks: Option<Asks>,
    /// Pods that had asked in an earlier run.
    pub started: Vec<Started>,
}

/// Why the agent cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The kernel has no nftables, or does not tell.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// Changes of others cannot be noticed.
    #[error("cannot wait for changes of rules: {0}")]
    Wait(#[from] std::io::Error),
    /// A defect.
    #[error(transparent)]
    Panicked(#[from] WorkerPanicked),
}
