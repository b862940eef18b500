//! Options of `kinglet server` and `kinglet demo`.

use std::path::PathBuf;

use clap::Args;

use crate::cluster::ClusterOptions;
use crate::listen::ListenOptions;
use crate::netpol::NetworkPolicyOptions;
use crate::node::CloudOptions;
use crate::publish::PublishOptions;
use crate::servicelb::ServiceLbServerOptions;
use crate::shared::DisableOptions;

/// Options of `kinglet server`.
#[derive(Args, Clone, Debug)]
pub struct ServerOptions {
    /// Run without a cluster, on the embedded Kubernetes API server.
    #[arg(long, env = "KINGLET_STANDALONE", conflicts_with = "kubeconfig")]
    pub standalone: bool,
    /// The cluster to serve [default: that of KUBECONFIG or ~/.kube/config, as for kubectl; in a Pod that of its
    /// service account].
    #[arg(long, env = "KINGLET_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// What does not run.
    #[command(flatten)]
    pub components: DisableOptions,
    /// Where objects, certificates and kubeconfig.yaml are kept.
    #[arg(
        long,
        env = "KINGLET_DATA_DIR",
        value_name = "DIR",
        default_value = "./kinglet-data"
    )]
    pub data_dir: PathBuf,
    /// Whether Kinglet is the cluster's cloud controller.
    #[command(flatten)]
    pub cloud: CloudOptions,
    /// How load balancers are served.
    #[command(flatten)]
    pub servicelb: ServiceLbServerOptions,
    /// Whether policies are enforced.
    #[command(flatten)]
    pub network_policy: NetworkPolicyOptions,
    /// Directory of manifests (.yaml, .yml, .json) that are applied at start and whenever they change.
    #[arg(long, env = "KINGLET_MANIFESTS", value_name = "DIR")]
    pub manifests: Option<PathBuf>,
    /// Addresses to listen on.
    #[command(flatten)]
    pub listen: ListenOptions,
    /// What the cluster is told of this server.
    #[command(flatten)]
    pub publish: PublishOptions,
    /// The cluster's own names and addresses.
    #[command(flatten)]
    pub cluster: ClusterOptions,
}

/// Options of `kinglet demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    /// Show what needs no root, on loopback addresses; the default without root. With root the default is a
    /// cluster of network namespaces.
    #[arg(long, env = "KINGLET_DEMO_LOOPBACK")]
    pub loopback: bool,
    /// On loopback: keep the demo's objects in this directory instead of a temporary one that is removed at
    /// the end.
    #[arg(long, env = "KINGLET_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Addresses to listen on, for the demo on loopback.
    #[command(flatten)]
    pub listen: ListenOptions,
    /// The cluster's own names and addresses, for the demo on loopback.
    #[command(flatten)]
    pub cluster: ClusterOptions,
}
