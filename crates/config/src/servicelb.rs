//! Options of load balancers.

use clap::{Args, ValueEnum};

/// How load balancers are served. Must be the same on all servers and nodes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Load balancers")]
pub struct ServiceLbOptions {
    /// Namespace of the DaemonSets of load balancers.
    #[arg(
        long,
        env = "KINGLET_SERVICELB_NAMESPACE",
        value_name = "NAMESPACE",
        default_value = "kube-system"
    )]
    pub servicelb_namespace: String,
    /// Whether agents serve load balancers in the kernel, or Pods of DaemonSets as in K3s.
    #[arg(
        long,
        env = "KINGLET_SERVICELB_MODE",
        value_enum,
        value_name = "MODE",
        default_value_t
    )]
    pub servicelb_mode: ServiceLbMode,
}

/// The same for servers, which also make the Pods.
#[derive(Args, Clone, Debug)]
pub struct ServiceLbServerOptions {
    /// How load balancers are served.
    #[command(flatten)]
    pub common: ServiceLbOptions,
    /// Image with the program kinglet, for the Pods of --servicelb-mode=daemonset [default:
    /// ghcr.io/kinglet-io/kinglet of this version].
    #[arg(
        long,
        env = "KINGLET_SERVICELB_IMAGE",
        value_name = "IMAGE",
        help_heading = "Load balancers"
    )]
    pub servicelb_image: Option<String>,
}

/// How load balancers are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ServiceLbMode {
    /// By the agents of nodes, in the kernel.
    #[default]
    Native,
    /// By Pods of DaemonSets `svclb-...`.
    Daemonset,
}
