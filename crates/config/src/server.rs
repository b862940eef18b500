//! Options of `kinglet server` and `kinglet demo`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use crate::{CloudOptions, NetworkPolicyOptions, ServiceLbServerOptions};

/// Options of `kinglet server`.
#[derive(Args, Clone, Debug)]
pub struct ServerOptions {
    /// Run without a cluster, on the embedded Kubernetes API server.
    #[arg(long, env = "KINGLET_STANDALONE", conflicts_with = "kubeconfig")]
    pub standalone: bool,
    /// The cluster to serve.
    #[arg(long, env = "KINGLET_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Components that do not run here, named as in K3s; repeat it, or separate them by commas.
    #[arg(
        long,
        env = "KINGLET_DISABLE",
        value_enum,
        value_delimiter = ',',
        value_name = "COMPONENT"
    )]
    pub disable: Vec<Component>,
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
    /// The cluster's own names and addresses.
    #[command(flatten)]
    pub cluster: ClusterOptions,
}

/// A component, by the name of what it replaces in K3s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Component {
    /// Cluster DNS.
    Coredns,
    /// Ingress.
    Traefik,
    /// Load balancers.
    Servicelb,
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

/// Addresses to listen on; port 0 takes any free port.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Listeners")]
pub struct ListenOptions {
    /// Embedded Kubernetes API server (HTTPS).
    #[arg(
        long,
        env = "KINGLET_API_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:6443"
    )]
    pub api_listen: SocketAddr,
    /// DNS, over UDP and TCP.
    #[arg(
        long,
        env = "KINGLET_DNS_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:1053"
    )]
    pub dns_listen: SocketAddr,
    /// Ingress entry point `web` (HTTP).
    #[arg(
        long,
        env = "KINGLET_WEB_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8000"
    )]
    pub web_listen: SocketAddr,
    /// Ingress entry point `websecure` (HTTPS).
    #[arg(
        long,
        env = "KINGLET_WEBSECURE_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8443"
    )]
    pub websecure_listen: SocketAddr,
    /// Health and metrics: /healthz, /readyz, /metrics.
    #[arg(
        long,
        env = "KINGLET_ADMIN_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:9900"
    )]
    pub admin_listen: SocketAddr,
}

/// The cluster's own names and addresses.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterOptions {
    /// Domain of the cluster's DNS names.
    #[arg(
        long,
        env = "KINGLET_CLUSTER_DOMAIN",
        value_name = "DOMAIN",
        default_value = "cluster.local"
    )]
    pub cluster_domain: String,
    /// Ranges of Service addresses: one, or one per IP family separated by a comma.
    #[arg(
        long,
        env = "KINGLET_SERVICE_CIDR",
        value_name = "CIDR",
        value_delimiter = ',',
        default_value = "10.43.0.0/16"
    )]
    pub service_cidr: Vec<IpNet>,
    /// Ranges of Pod addresses: one, or one per IP family separated by a comma. They must not overlap the
    /// Service ranges.
    #[arg(
        long,
        env = "KINGLET_CLUSTER_CIDR",
        value_name = "CIDR",
        value_delimiter = ',',
        default_value = "10.42.0.0/16"
    )]
    pub cluster_cidr: Vec<IpNet>,
    /// Address of the Service kube-system/kube-dns [default: the tenth of the first Service range].
    #[arg(long, env = "KINGLET_CLUSTER_DNS", value_name = "ADDRESS")]
    pub cluster_dns: Option<IpAddr>,
}

/// Options that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// A range list is not one range, or two of different families.
    #[error("--{flag} {value}: give one range, or one IPv4 and one IPv6 range")]
    Families {
        /// The flag.
        flag: &'static str,
        /// Its value.
        value: String,
    },
    /// Service and Pod ranges overlap.
    #[error("--service-cidr {service} and --cluster-cidr {pods} overlap")]
    Overlap {
        /// A Service range.
        service: IpNet,
        /// A Pod range.
        pods: IpNet,
    },
    /// The DNS Service's address is not a Service address.
    #[error("--cluster-dns {address} is not in --service-cidr {ranges}")]
    DnsOutside {
        /// The address.
        address: IpAddr,
        /// The Service ranges.
        ranges: String,
    },
    /// The domain is not a DNS name.
    #[error(
        "--cluster-domain {0:?} is not a DNS name (RFC 1123: labels of a-z, 0-9 and -, separated by dots)"
    )]
    Domain(String),
}

impl ClusterOptions {
    /// Checks that the options fit together.
    pub fn validate(&self) -> Result<(), OptionsError> {
        one_per_family("service-cidr", &self.service_cidr)?;
        one_per_family("cluster-cidr", &self.cluster_cidr)?;
        for service in &self.service_cidr {
            for pods in &self.cluster_cidr {
                if service.contains(&pods.network()) || pods.contains(&service.network()) {
                    return Err(OptionsError::Overlap {
                        service: *service,
                        pods: *pods,
                    });
                }
            }
        }
        let address = self.dns_address();
        if !self.service_cidr.iter().any(|range| range.contains(&address)) {
            return Err(OptionsError::DnsOutside {
                address,
                ranges: join(&self.service_cidr),
            });
        }
        if is_dns_name(&self.cluster_domain) {
            Ok(())
        } else {
            Err(OptionsError::Domain(self.cluster_domain.clone()))
        }
    }

    /// Address of the Service `kube-system/kube-dns`.
    pub fn dns_address(&self) -> IpAddr {
        self.cluster_dns
            .unwrap_or_else(|| match self.service_cidr.first() {
                Some(IpNet::V4(range)) => Ipv4Addr::from(u32::from(range.network()).wrapping_add(10)).into(),
                Some(IpNet::V6(range)) => {
                    std::net::Ipv6Addr::from(u128::from(range.network()).wrapping_add(10)).into()
                }
                None => Ipv4Addr::UNSPECIFIED.into(),
            })
    }
}

pub(crate) fn one_per_family(flag: &'static str, ranges: &[IpNet]) -> Result<(), OptionsError> {
    match ranges {
        [_] => Ok(()),
        [one, other] if one.addr().is_ipv4() != other.addr().is_ipv4() => Ok(()),
        _ => Err(OptionsError::Families {
            flag,
            value: join(ranges),
        }),
    }
}

fn join(ranges: &[IpNet]) -> String {
    ranges
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.len() <= 200 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cli, Command};
    use clap::Parser;

    fn cluster(flags: &[&str]) -> ClusterOptions {
        let arguments = ["kinglet", "server", "--standalone"].iter().chain(flags);
        match Cli::try_parse_from(arguments).unwrap().command {
            Command::Server(options) => options.cluster,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn defaults_fit_together() {
        let options = cluster(&[]);
        assert_eq!(options.validate(), Ok(()));
        assert_eq!(options.dns_address(), IpAddr::from([10, 43, 0, 10]));
    }

    #[test]
    fn dual_stack_is_accepted() {
        let options = cluster(&[
            "--service-cidr=10.43.0.0/16,fd43::/112",
            "--cluster-cidr=10.42.0.0/16,fd42::/56",
        ]);
        assert_eq!(options.validate(), Ok(()));
    }

    #[test]
    fn contradictions_name_the_flag() {
        for (flags, message) in [
            (
                &["--service-cidr=10.42.1.0/24", "--cluster-dns=10.42.1.5"][..],
                "--service-cidr 10.42.1.0/24 and --cluster-cidr 10.42.0.0/16 overlap",
            ),
            (
                &["--cluster-dns=10.44.0.10"],
                "--cluster-dns 10.44.0.10 is not in --service-cidr 10.43.0.0/16",
            ),
            (
                &["--service-cidr=10.43.0.0/16,10.44.0.0/16"],
                "--service-cidr 10.43.0.0/16,10.44.0.0/16: give one range, or one IPv4 and one IPv6 range",
            ),
            (
                &["--cluster-domain=Cluster_local"],
                "--cluster-domain \"Cluster_local\" is not a DNS name (RFC 1123: labels of a-z, 0-9 and -, separated by dots)",
            ),
        ] {
            assert_eq!(cluster(flags).validate().unwrap_err().to_string(), message);
        }
    }
}
