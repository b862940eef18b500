//! Settings of the enforcement.

use std::sync::Arc;

use ipnet::IpNet;

/// How a node enforces policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    /// Name of the own Node. Policies are enforced for pods with this `spec.nodeName`.
    pub node: Arc<str>,
    /// Networks of all pods of the cluster. An address of theirs that no known pod has may be of a pod that
    /// just started. Its packets are dropped, not rejected: senders repeat them, and by then the pod is
    /// known.
    pub cluster_cidrs: Vec<IpNet>,
    /// How packets are denied that NetworkPolicies do not allow. What ClusterNetworkPolicies deny is dropped.
    pub deny: Deny,
    /// Whether ICMP echo requests pass isolated pods, as they do with kube-router.
    pub icmp_echo: bool,
    /// Whether egress policies are enforced for connections to the pod's own node, as they are with
    /// kube-router.
    pub egress_to_node: bool,
    /// The NFLOG group to which denied packets are logged, if they are. kube-router uses 100.
    pub log_group: Option<u16>,
    /// The bit of connection marks that revokes a connection that was allowed when it began.
    pub revoked: u32,
}

/// How packets are denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deny {
    /// With a reset for TCP and ICMP port unreachable for the rest; the default, as with kube-router.
    #[default]
    Reject,
    /// Silently.
    Drop,
}

impl Default for PolicySettings {
    fn default() -> Self {
        Self {
            node: Arc::default(),
            cluster_cidrs: Vec::new(),
            deny: Deny::default(),
            icmp_echo: true,
            egress_to_node: true,
            log_group: Some(100),
            revoked: 1 << 31,
        }
    }
}
