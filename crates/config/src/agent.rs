//! Options of `kinglet agent`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;

use crate::server::one_per_family;
use crate::{
    CloudOptions, Component, NetworkPolicyOptions, NodeOptions, OptionsError, PolicySyncOptions,
    ServiceLbOptions,
};

/// Options of `kinglet agent`.
#[derive(Args, Clone, Debug)]
pub struct AgentOptions {
    /// The cluster that the node belongs to.
    #[arg(long, env = "KINGLET_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: PathBuf,
    /// The node itself.
    #[command(flatten)]
    pub node: NodeOptions,
    /// Whether Kinglet is the cluster's cloud controller.
    #[command(flatten)]
    pub cloud: CloudOptions,
    /// How load balancers are served.
    #[command(flatten)]
    pub servicelb: ServiceLbOptions,
    /// Whether policies are enforced.
    #[command(flatten)]
    pub network_policy: NetworkPolicyOptions,
    /// How they are looked after.
    #[command(flatten)]
    pub policy_sync: PolicySyncOptions,
    /// Components that do not run in this cluster, named as in K3s; servicelb matters here.
    #[arg(
        long,
        env = "KINGLET_DISABLE",
        value_enum,
        value_delimiter = ',',
        value_name = "COMPONENT"
    )]
    pub disable: Vec<Component>,
    /// Serve ClusterIPs and NodePorts, too: for nodes without a kube-proxy.
    #[arg(long, env = "KINGLET_SERVICE_PROXY")]
    pub service_proxy: bool,
    /// Ranges of Pod addresses: one, or one per IP family separated by a comma. They tell Pods from clients
    /// outside.
    #[arg(
        long,
        env = "KINGLET_CLUSTER_CIDR",
        value_name = "CIDR",
        value_delimiter = ',',
        default_value = "10.42.0.0/16"
    )]
    pub cluster_cidr: Vec<IpNet>,
    /// Where the CNI plugin asks whether a pod may start (see kinglet cni).
    #[arg(
        long,
        env = "KINGLET_CNI_SOCKET",
        value_name = "PATH",
        default_value = "/run/kinglet/agent.sock"
    )]
    pub cni_socket: PathBuf,
    /// Health and metrics: /healthz, /readyz, /metrics; port 0 takes any free port.
    #[arg(
        long,
        env = "KINGLET_ADMIN_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:9901"
    )]
    pub admin_listen: SocketAddr,
}

impl AgentOptions {
    /// Checks the ranges.
    ///
    /// # Errors
    /// More than one range of a family.
    pub fn validate(&self) -> Result<(), OptionsError> {
        one_per_family("cluster-cidr", &self.cluster_cidr)
    }
}
