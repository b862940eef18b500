//! `kinglet lab`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::port::PortProtocol;
use crate::servicelb::ServiceLbMode;
use crate::shared::OutputFormat;

/// `kinglet lab`.
#[derive(Debug, Parser)]
pub struct LabCommand {
    /// What to do.
    #[command(subcommand)]
    pub action: LabAction,
}

/// What to do with a lab.
#[derive(Debug, Subcommand)]
pub enum LabAction {
    /// Start a lab in the background; returns when everything in it is ready.
    Up(Box<LabUp>),
    /// Run a lab in the foreground; `lab up` starts this.
    #[command(hide = true)]
    Run(Box<LabUp>),
    /// End a lab and remove everything of it, also after a crash.
    Down {
        /// Which lab.
        #[command(flatten)]
        lab: LabName,
        /// All labs of this machine.
        #[arg(long, conflicts_with = "name")]
        all: bool,
    },
    /// List the labs that are up, and what is in them.
    Status {
        /// Only this lab.
        #[arg(long, env = "KINGLET_LAB", value_name = "NAME")]
        name: Option<String>,
        /// Form of the output.
        #[arg(long, short, value_enum, default_value_t)]
        output: OutputFormat,
    },
    /// Run a command in a pod.
    ///
    /// The command is one of this machine, with the pod's network, names and host name: kinglet lab exec
    /// default/web -- curl api:8080
    Exec {
        /// The pod, as NAMESPACE/POD.
        #[arg(value_name = "NAMESPACE/POD")]
        pod: String,
        /// The command.
        #[command(flatten)]
        inside: LabInside,
    },
    /// Run a command on a node.
    NodeExec {
        /// The node, for instance node-1.
        node: String,
        /// The command.
        #[command(flatten)]
        inside: LabInside,
    },
    /// Run a command on the outside client.
    ClientExec {
        /// The command.
        #[command(flatten)]
        inside: LabInside,
    },
    /// Try a connection: prints `open`, `refused` or `timeout`, which pod answered, and the client address
    /// that the pod saw.
    Probe(LabProbe),
    /// Disconnect a node from other nodes, from outside and from the API server.
    Partition {
        /// The node.
        node: String,
        /// Which lab.
        #[command(flatten)]
        lab: LabName,
    },
    /// Connect a node again after `lab partition`.
    Heal {
        /// The node.
        node: String,
        /// Which lab.
        #[command(flatten)]
        lab: LabName,
    },
    /// Kill all processes of a pod; its node starts the pod again, with a new address.
    Kill {
        /// The pod, as NAMESPACE/POD.
        #[arg(value_name = "NAMESPACE/POD")]
        pod: String,
        /// Which lab.
        #[command(flatten)]
        lab: LabName,
    },
    /// Print the output of a pod's containers.
    Logs {
        /// The pod, as NAMESPACE/POD.
        #[arg(value_name = "NAMESPACE/POD")]
        pod: String,
        /// The container; all of them when not given.
        #[arg(long, short)]
        container: Option<String>,
        /// Which lab.
        #[command(flatten)]
        lab: LabName,
    },
}

/// Which lab.
#[derive(Args, Clone, Debug)]
pub struct LabName {
    /// Name of the lab.
    #[arg(long, env = "KINGLET_LAB", value_name = "NAME", default_value = "default")]
    pub name: String,
}

/// A command that runs in a lab.
#[derive(Args, Clone, Debug)]
pub struct LabInside {
    /// Which lab.
    #[command(flatten)]
    pub lab: LabName,
    /// The command, after `--`.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Options of `kinglet lab up`.
#[derive(Args, Clone, Debug)]
pub struct LabUp {
    /// Which lab.
    #[command(flatten)]
    pub lab: LabName,
    /// Number of nodes; they are named node-1, node-2, ...
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    pub nodes: u16,
    /// IP families, the primary one first: ipv4, ipv6, or both separated by a comma.
    #[arg(
        long,
        value_name = "FAMILIES",
        value_enum,
        value_delimiter = ',',
        default_value = "ipv4"
    )]
    pub ip_families: Vec<IpFamily>,
    /// How pods are connected to their node.
    #[arg(long, value_enum, default_value_t)]
    pub pod_network: PodNetwork,
    /// Use this cluster's API server instead of an embedded one.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Write a kubeconfig for clients on this machine.
    #[arg(long, value_name = "FILE")]
    pub write_kubeconfig: Option<PathBuf>,
    /// Which of Kinglet's own services run on it: all, none, or a list of dns, ingress, ccm (cloud
    /// controller), servicelb and netpol (network policy).
    #[arg(long, value_name = "all|none|LIST", default_value = "all")]
    pub services: LabServices,
    /// Whether agents serve load balancers in the kernel, or Pods of DaemonSets as in K3s.
    #[arg(long, value_enum, value_name = "MODE", default_value_t)]
    pub servicelb_mode: ServiceLbMode,
    /// Serve ClusterIPs and NodePorts on every node, as kube-proxy does.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub service_proxy: bool,
    /// Give every node an ExternalIP; the router translates it 1:1 to the node's address.
    #[arg(long)]
    pub external_ips: bool,
    /// Register nodes as a kubelet with an external cloud provider does: without addresses, with the taint
    /// node.cloudprovider.kubernetes.io/uninitialized.
    #[arg(long)]
    pub cloud_provider_external: bool,
    /// Seconds without a heartbeat after which a node is NotReady.
    #[arg(long, value_name = "SECONDS", default_value_t = 40)]
    pub node_lease_seconds: u32,
    /// Where the embedded API server listens on this machine; port 0 takes any free port.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub api_listen: SocketAddr,
    /// Ranges of pod addresses, one per family [default: 10.42.0.0/16, fd00:42::/56].
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub cluster_cidr: Vec<IpNet>,
    /// Ranges of Service addresses, one per family [default: 10.43.0.0/16, fd00:43::/112].
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub service_cidr: Vec<IpNet>,
    /// Domain of the cluster's DNS names.
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    pub cluster_domain: String,
}

/// An IP family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IpFamily {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// How pods are connected to their node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PodNetwork {
    /// A bridge cni0 on every node, with br_netfilter.
    #[default]
    Bridge,
    /// One routed link per pod.
    Routed,
}

/// A service of Kinglet that can run on a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabService {
    /// Cluster DNS.
    Dns,
    /// Ingress.
    Ingress,
    /// Cloud controller manager.
    Ccm,
    /// Load balancers.
    Servicelb,
    /// Network policy.
    Netpol,
}

impl LabService {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Ingress, Self::Ccm, Self::Servicelb, Self::Netpol];
}

/// Services of Kinglet on a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabServices(pub Vec<LabService>);

/// A name that is no service of Kinglet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no service; all, none, or a list of dns, ingress, ccm, servicelb and netpol is accepted")]
pub struct LabServiceError(pub String);

impl FromStr for LabServices {
    type Err = LabServiceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => return Ok(Self(LabService::ALL.to_vec())),
            "none" => return Ok(Self(Vec::new())),
            _ => {}
        }
        let service = |name: &str| match name {
            "dns" => Ok(LabService::Dns),
            "ingress" => Ok(LabService::Ingress),
            "ccm" => Ok(LabService::Ccm),
            "servicelb" => Ok(LabService::Servicelb),
            "netpol" => Ok(LabService::Netpol),
            other => Err(LabServiceError(other.to_owned())),
        };
        text.split(',').map(service).collect::<Result<_, _>>().map(Self)
    }
}

/// Options of `kinglet lab probe`.
#[derive(Args, Clone, Debug)]
pub struct LabProbe {
    /// Where from: NAMESPACE/POD, node:NAME or client.
    pub from: String,
    /// Where to: NAMESPACE/POD, an address, or a DNS name.
    pub to: String,
    /// Port, with /udp for UDP.
    #[arg(value_name = "PORT[/udp]", value_parser = PortProtocol::tcp_or_udp)]
    pub port: PortProtocol,
    /// Which lab.
    #[command(flatten)]
    pub lab: LabName,
    /// Use this IP family.
    #[arg(long, value_enum, value_name = "FAMILY")]
    pub ip_family: Option<IpFamily>,
    /// Seconds to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub timeout: f64,
    /// Form of the output.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: OutputFormat,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services() {
        let parse = |text: &str| text.parse::<LabServices>();
        assert_eq!(parse("none").unwrap().0, []);
        assert_eq!(parse("all").unwrap().0, LabService::ALL);
        assert_eq!(parse("ingress").unwrap().0, [LabService::Ingress]);
        assert!(parse("dns,proxy").unwrap_err().to_string().contains("\"proxy\""));
    }
}
