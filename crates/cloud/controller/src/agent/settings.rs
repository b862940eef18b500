//! Settings of an agent.

use std::net::IpAddr;
use std::time::Duration;

use super::host::Host;

/// What is set of a node; the fields are named like the flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// Name of the Node.
    pub node_name: String,
    /// Addresses inside the cluster's network, the primary one first; the host's own when there are none.
    pub node_ips: Vec<IpAddr>,
    /// Addresses that reach the node from outside.
    pub node_external_ips: Vec<IpAddr>,
    /// DNS names inside the cluster's network.
    pub node_internal_dns: Vec<String>,
    /// DNS names that reach the node from outside.
    pub node_external_dns: Vec<String>,
    /// How often the Node, and the host's own addresses, are looked at.
    pub refresh: Duration,
}

impl AgentSettings {
    /// Nothing but a node name; without one the host's, in lower case, as kubelets have it.
    pub fn new(node_name: Option<String>, host: &impl Host) -> Self {
        Self {
            node_name: node_name.unwrap_or_else(|| host.name().to_lowercase()),
            node_ips: Vec::new(),
            node_external_ips: Vec::new(),
            node_internal_dns: Vec::new(),
            node_external_dns: Vec::new(),
            refresh: Duration::from_secs(30),
        }
    }
}
