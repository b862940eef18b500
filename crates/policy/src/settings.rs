//! What is policed, and where.

use std::sync::Arc;

use ipnet::IpNet;

/// What is policed on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the own Node. Pods with this `spec.nodeName` are policed.
    pub node: Arc<str>,
    /// Networks of all pods of the cluster. An address of theirs that no known pod has is taken for a pod
    /// that just started: what it sends is dropped, so that it is sent again, and not refused.
    pub cluster_cidrs: Vec<IpNet>,
    /// What denied senders see.
    pub deny: Deny,
    /// Whether `ICMP` echo requests pass isolated pods. The replaced program lets them pass.
    pub icmp_echo: bool,
    /// Whether egress policies hold for connections to the pod's own node. The replaced program enforces
    /// them.
    pub egress_to_node: bool,
    /// The netlink group (NFLOG) that denied packets are logged to, if they are. The replaced program
    /// uses 100.
    pub log_group: Option<u16>,
    /// The bit of connection marks that revokes a connection which was allowed when it began.
    pub revoked: u32,
}

/// What denied senders see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deny {
    /// A reset of TCP connections, and ICMP port unreachable for the rest; the default, as in the replaced
    /// program.
    #[default]
    Reject,
    /// Nothing.
    Drop,
}

impl Default for Settings {
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
