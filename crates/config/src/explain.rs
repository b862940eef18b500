//! `kinglet explain`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

use crate::OutputFormat;

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
    pub port: PolicyPort,
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

/// A port with its transport protocol, as `80`, `80/tcp`, `53/udp` or `9899/sctp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyPort {
    /// Port.
    pub port: u16,
    /// Protocol.
    pub protocol: PolicyProtocol,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl FromStr for PolicyPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!("{text:?}: PORT, PORT/tcp, PORT/udp or PORT/sctp with a port from 1 to 65535 is accepted")
        };
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let port = number.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "tcp" => PolicyProtocol::Tcp,
            "udp" => PolicyProtocol::Udp,
            "sctp" => PolicyProtocol::Sctp,
            _ => return Err(wrong()),
        };
        Ok(Self { port, protocol })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        let parse = |text: &str| text.parse::<PolicyPort>();
        for (text, port, protocol) in [
            ("80", 80, PolicyProtocol::Tcp),
            ("53/UDP", 53, PolicyProtocol::Udp),
            ("9899/sctp", 9899, PolicyProtocol::Sctp),
        ] {
            assert_eq!(parse(text), Ok(PolicyPort { port, protocol }));
        }
        for wrong in ["0", "x", "80/icmp", "70000", "", "/tcp"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
