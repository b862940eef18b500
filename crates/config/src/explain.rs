//! `kinglet explain`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::port::PortProtocol;
use crate::shared::OutputFormat;

/// `kinglet explain`.
#[derive(Debug, Parser)]
pub struct ExplainCommand {
    /// What to explain.
    #[command(subcommand)]
    pub topic: ExplainTopic,
}

const EXAMPLES: &str = "\
May a pod ask another one:
  kinglet explain policy --from web/front --to db/postgres-0 --port 5432
Before anything is applied:
  kinglet explain policy --manifests ./deploy --from web/front --to 192.0.2.7 --port 443
Everybody in a namespace:
  kinglet explain policy --all --namespace db --port 5432";

/// What can be explained.
#[derive(Debug, Subcommand)]
pub enum ExplainTopic {
    /// Whether policies let a connection pass, which rules decide, and what would have to change.
    ///
    /// It reads the policies themselves, not what a node enforces, and needs no agent. Services are
    /// translated before policies see a packet: ask for the pod behind them, with its own port.
    #[command(after_help = EXAMPLES)]
    Policy(ExplainPolicy),
}

/// Options of `kinglet explain policy`.
#[derive(Args, Clone, Debug)]
pub struct ExplainPolicy {
    /// Where the connection comes from: NAMESPACE/POD, or an address.
    #[arg(long, value_name = "NAMESPACE/POD|IP", required_unless_present = "all")]
    pub from: Option<String>,
    /// Where it goes: NAMESPACE/POD, or an address.
    #[arg(long, value_name = "NAMESPACE/POD|IP", required_unless_present = "all")]
    pub to: Option<String>,
    /// Port of the pod, with /udp or /sctp if it is not TCP.
    #[arg(long, value_name = "PORT[/PROTOCOL]")]
    pub port: PortProtocol,
    /// Print who reaches whom in a namespace.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub all: bool,
    /// The namespace of --all.
    #[arg(long, short, value_name = "NAMESPACE", default_value = "default")]
    pub namespace: String,
    /// Read Pods, workloads, Namespaces, Nodes and policies from a manifest or a directory of manifests, and
    /// ask no cluster.
    #[arg(long, value_name = "PATH", conflicts_with = "kubeconfig")]
    pub manifests: Option<PathBuf>,
    /// The cluster [default: that of KUBECONFIG or ~/.kube/config, as for kubectl].
    #[arg(long, env = "KINGLET_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Form of the output.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: OutputFormat,
}
