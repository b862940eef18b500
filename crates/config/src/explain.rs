//! `kinglet explain`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;

use crate::port::PortChoice;
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
A Service, by the name of its port:
  kinglet explain policy --from web/front --to db/postgres --port sql
Before anything is applied:
  kinglet explain policy --manifests ./deploy --from web/front --to 192.0.2.7 --port 443
As somebody else's cluster was:
  kubectl get pods,services,netpol,namespaces,nodes -A -o yaml > cluster.yaml
  kinglet explain policy --manifests cluster.yaml --from web/front-7d4 --to db/postgres-0 --port 5432
Everybody in two namespaces:
  kinglet explain policy --all --namespace db,web --port 5432

Exit status: 0 if the connection is allowed, 1 if it is denied, 3 if the answer depends on something that is
not known; 2 after an error. With --all: 0.";

/// What can be explained.
#[derive(Debug, Subcommand)]
pub enum ExplainTopic {
    /// Whether policies let a connection pass, which rules decide, and what would have to change.
    ///
    /// It reads the policies themselves, not what a node enforces, and needs no agent. Services are
    /// translated before policies see a packet: of a Service, all pods are asked about that it selects.
    #[command(after_help = EXAMPLES)]
    Policy(Box<ExplainPolicy>),
}

/// Options of `kinglet explain policy`.
#[derive(Args, Clone, Debug)]
pub struct ExplainPolicy {
    /// Where the connection comes from: a pod, or an address.
    #[arg(long, value_name = "NAMESPACE/POD|IP", required_unless_present = "all")]
    pub from: Option<String>,
    /// Where it goes: a pod, a Service (also as NAME.NAMESPACE.svc), or an address of a pod, a Service or
    /// anything else.
    #[arg(long, value_name = "NAMESPACE/NAME|IP", required_unless_present = "all")]
    pub to: Option<String>,
    /// Port of the pod or Service by number or name, with /udp or /sctp if it is not TCP.
    #[arg(long, value_name = "PORT|NAME[/PROTOCOL]")]
    pub port: PortChoice,
    /// Print who reaches whom in namespaces.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub all: bool,
    /// The namespaces of --all; repeat it, or separate them by commas.
    #[arg(
        long = "namespace",
        short,
        value_name = "NAMESPACE",
        value_delimiter = ',',
        default_value = "default",
        requires = "all"
    )]
    pub namespaces: Vec<String>,
    /// --all of all namespaces.
    #[arg(long, short = 'A', requires = "all", conflicts_with = "namespaces")]
    pub all_namespaces: bool,
    /// Read Pods, workloads, Services, Namespaces, Nodes and policies from a manifest or a directory of
    /// manifests, and ask no cluster. What kubectl get prints with -o yaml is a manifest.
    #[arg(long, value_name = "PATH", conflicts_with = "kubeconfig")]
    pub manifests: Option<PathBuf>,
    /// Networks of the pods: the addresses that pods without an address may get. Without it, any.
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub cluster_cidr: Vec<IpNet>,
    /// The addresses of a pod, of both families separated by a comma; repeat it for other pods.
    #[arg(long, value_name = "NAMESPACE/POD=IP[,IP]")]
    pub pod_ip: Vec<PodAddresses>,
    /// The cluster [default: that of KUBECONFIG or ~/.kube/config, as for kubectl].
    #[arg(long, env = "KINGLET_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Form of the output.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: OutputFormat,
}

/// The addresses of a pod, as `NAMESPACE/POD=IP[,IP]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodAddresses {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// One, or one of each family.
    pub addresses: Vec<IpAddr>,
}

/// A text tells no addresses of a pod.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?}: NAMESPACE/POD=ADDRESS is accepted, or two addresses of different families separated by a comma"
)]
pub struct PodAddressesError(String);

impl FromStr for PodAddresses {
    type Err = PodAddressesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (pod, addresses) = text.split_once('=')?;
            let (namespace, name) = pod.split_once('/')?;
            let addresses = addresses.split(',').map(|one| one.parse().ok());
            let addresses = addresses.collect::<Option<Vec<IpAddr>>>()?;
            let fits = match addresses[..] {
                [_] => true,
                [one, other] => one.is_ipv4() != other.is_ipv4(),
                _ => false,
            };
            (fits && !namespace.is_empty() && !name.is_empty()).then(|| Self {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                addresses,
            })
        };
        read().ok_or_else(|| PodAddressesError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_pods() {
        let told: PodAddresses = "db/postgres-0=10.42.0.7,fd00::7".parse().unwrap();
        assert_eq!((&*told.namespace, &*told.name), ("db", "postgres-0"));
        assert_eq!(
            told.addresses,
            ["10.42.0.7", "fd00::7"].map(|one| one.parse::<IpAddr>().unwrap())
        );
        for wrong in [
            "db/p",
            "p=10.0.0.1",
            "/p=10.0.0.1",
            "db/p=",
            "db/p=10.0.0.1,10.0.0.2",
            "db/p=x",
        ] {
            assert!(wrong.parse::<PodAddresses>().is_err(), "{wrong}");
        }
    }
}
