//! The cluster's own names and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clap::Args;
use ipnet::IpNet;

use crate::ranges::{RangesError, join, one_per_family};
use crate::shared::PodRangeOptions;

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
    /// Addresses of Pods.
    #[command(flatten)]
    pub pods: PodRangeOptions,
    /// Address of the Service kube-system/kube-dns [default: the tenth of the first Service range].
    #[arg(long, env = "KINGLET_CLUSTER_DNS", value_name = "ADDRESS")]
    pub cluster_dns: Option<IpAddr>,
}

/// Options that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// A list of ranges is not one per family.
    #[error(transparent)]
    Ranges(#[from] RangesError),
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
        self.pods.validate()?;
        // An address in both would be a Pod to the CNI plugin and a Service to the rules.
        for service in &self.service_cidr {
            for pods in &self.pods.cluster_cidr {
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

    /// Address of the Service `kube-system/kube-dns`; the tenth of the range is what K3s and kubeadm use.
    pub fn dns_address(&self) -> IpAddr {
        self.cluster_dns
            .unwrap_or_else(|| match self.service_cidr.first() {
                Some(IpNet::V4(range)) => Ipv4Addr::from(u32::from(range.network()).wrapping_add(10)).into(),
                Some(IpNet::V6(range)) => Ipv6Addr::from(u128::from(range.network()).wrapping_add(10)).into(),
                None => Ipv4Addr::UNSPECIFIED.into(),
            })
    }
}

/// Whether a text is a DNS name that leaves room for names of Services below it.
fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    // A whole name has at most 253 characters (RFC 1035 section 2.3.4 in text form).
    name.len() <= 200 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        options: ClusterOptions,
    }

    fn cluster(flags: &[&str]) -> ClusterOptions {
        Alone::try_parse_from(["server"].iter().chain(flags))
            .unwrap()
            .options
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
