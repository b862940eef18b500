//! What is served, and where the node stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ipnet::IpNet;
use kinglet_model::{ObjectName, Protocol};

/// What is served on a node.
#[derive(Clone, Debug, Default)]
pub struct DataplaneSettings {
    /// Name of the own Node. Endpoints with this `nodeName` are local.
    pub node: Arc<str>,
    /// Networks of all pods of the cluster. They tell pods from clients outside, who are masqueraded on their
    /// way from a cluster address to another node. If there are none, nobody is taken for a pod.
    pub cluster_cidrs: Vec<IpNet>,
    /// Networks of the node's addresses that serve node ports; all of its addresses but the loopback ones if
    /// there are none.
    pub node_port_addresses: Vec<IpNet>,
    /// Serve node ports on 127.0.0.0/8, too. The kernel sends such packets on only with
    /// `net.ipv4.conf.all.route_localnet`, which may be set when these rules are in the kernel.
    pub localhost_node_ports: bool,
    /// Which kinds of addresses and ports are served.
    pub kinds: AddressKinds,
}

/// Protocols and ports of a Service that the node serves on its own addresses, as its part of a load
/// balancer.
pub type Share = BTreeSet<(Protocol, u16)>;

/// The node's part of all load balancers.
pub type Shares = BTreeMap<ObjectName, Share>;

/// Which kinds of addresses and ports are served; all by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressKinds {
    /// `spec.clusterIPs`
    pub cluster_ips: bool,
    /// `spec.ports[].nodePort`
    pub node_ports: bool,
    /// `spec.externalIPs`
    pub external_ips: bool,
    /// `status.loadBalancer.ingress[].ip` with the mode `VIP`
    pub load_balancers: bool,
}

impl Default for AddressKinds {
    fn default() -> Self {
        Self {
            cluster_ips: true,
            node_ports: true,
            external_ips: true,
            load_balancers: true,
        }
    }
}
