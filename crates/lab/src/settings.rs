//! What a lab looks like: how many nodes, which families, which ranges.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::addressing::{self, Family};

/// Longest lab name: it is part of namespace names.
const NAME: usize = 24;
/// Most nodes: their addresses come from one /24.
const NODES: u16 = 200;

/// How pods are connected to their node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodNetwork {
    /// One bridge `cni0` per node, as flannel has it; `br_netfilter` shows bridged packets to nftables.
    #[default]
    Bridge,
    /// One routed veth per pod, without a bridge: the node is the next hop of everything.
    Routed,
}

/// Settings of a lab.
#[derive(Clone, Debug)]
pub struct LabSettings {
    /// Name: lower-case letters, digits and dashes, at most 24. Part of all namespaces, so that labs do not
    /// collide.
    pub name: String,
    /// Number of nodes, 1 to 200.
    pub nodes: u16,
    /// IP families, the primary one first.
    pub families: Vec<Family>,
    /// How pods are connected.
    pub pod_network: PodNetwork,
    /// Ranges of pod addresses, one per family; each node takes a /24 or /64 of it.
    pub cluster_cidrs: Vec<IpNet>,
    /// Ranges of Service addresses, one per family, for the embedded API server.
    pub service_cidrs: Vec<IpNet>,
    /// Domain of the cluster's DNS names.
    pub cluster_domain: String,
    /// Give each node an ExternalIP, translated 1:1 in front of it as cloud providers do.
    pub external_addresses: bool,
    /// Register nodes with the taint `node.cloudprovider.kubernetes.io/uninitialized` and without addresses
    /// in their status, as a kubelet with an external cloud provider does.
    pub uninitialized: bool,
    /// Serve ClusterIPs and NodePorts on every node.
    pub service_proxy: bool,
    /// Life of a node's Lease: how long the API server believes in a node that it does not hear.
    pub lease: Duration,
    /// Where the embedded API server listens on the host; port 0 takes any free port.
    pub api_listen: SocketAddr,
    /// The cluster to join; without it an embedded API server is started.
    pub kubeconfig: Option<PathBuf>,
    /// The last plugin of the nodes' CNI chain, if there is one. It is told that the agent of its node
    /// listens on `agent.sock` in the node's directory.
    pub cni_plugin: Option<PathBuf>,
    /// Where labs keep their state.
    pub state_root: PathBuf,
}

impl Default for LabSettings {
    fn default() -> Self {
        let families = vec![Family::V4];
        Self {
            name: "default".to_owned(),
            nodes: 3,
            cluster_cidrs: families.iter().map(|family| family.cluster_cidr()).collect(),
            service_cidrs: families.iter().map(|family| family.service_cidr()).collect(),
            families,
            pod_network: PodNetwork::default(),
            cluster_domain: "cluster.local".to_owned(),
            external_addresses: false,
            uninitialized: false,
            service_proxy: true,
            lease: Duration::from_secs(40),
            api_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            kubeconfig: None,
            cni_plugin: None,
            state_root: PathBuf::from("/run/kinglet/lab"),
        }
    }
}

/// Settings that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The name.
    #[error(
        "name {0:?}: 1 to 24 lower-case letters, digits and dashes, beginning with a letter, are accepted"
    )]
    Name(String),
    /// The number of nodes.
    #[error("nodes {0}: 1 to 200 are accepted")]
    Nodes(u16),
    /// The families.
    #[error("IP families {0}: ipv4, ipv6, or both in any order are accepted")]
    Families(String),
    /// A range that does not fit its use.
    #[error("{what} {range}: {accepted}")]
    Range {
        /// Which range.
        what: &'static str,
        /// Its value.
        range: String,
        /// What is accepted.
        accepted: &'static str,
    },
    /// Two ranges overlap.
    #[error("{what} {range} overlaps {other_what} {other}")]
    Overlap {
        /// Which range.
        what: &'static str,
        /// Its value.
        range: IpNet,
        /// The use of the other one.
        other_what: String,
        /// The other one.
        other: IpNet,
    },
}

impl LabSettings {
    /// Sets the families and with them the default ranges.
    pub fn set_families(&mut self, families: Vec<Family>) {
        self.cluster_cidrs = families.iter().map(|family| family.cluster_cidr()).collect();
        self.service_cidrs = families.iter().map(|family| family.service_cidr()).collect();
        self.families = families;
    }

    /// Addresses of the cluster DNS: the tenth of each Service range.
    pub fn dns_addresses(&self) -> Vec<IpAddr> {
        let ranges = self.service_cidrs.iter();
        ranges.map(|range| addressing::host(*range, 10).addr()).collect()
    }

    /// Checks everything that can be checked without looking at the machine.
    pub fn validate(&self) -> Result<(), SettingsError> {
        if !is_name(&self.name) {
            return Err(SettingsError::Name(self.name.clone()));
        }
        if self.nodes == 0 || self.nodes > NODES {
            return Err(SettingsError::Nodes(self.nodes));
        }
        self.validate_families()?;
        self.validate_ranges("--cluster-cidr", &self.cluster_cidrs)?;
        self.validate_ranges("--service-cidr", &self.service_cidrs)?;
        self.validate_size()?;
        self.validate_overlaps()
    }

    fn validate_families(&self) -> Result<(), SettingsError> {
        match self.families.as_slice() {
            [_] => Ok(()),
            [one, other] if one != other => Ok(()),
            all => {
                let names: Vec<&str> = all.iter().map(|family| family.name()).collect();
                Err(SettingsError::Families(names.join(",")))
            }
        }
    }

    fn validate_ranges(&self, what: &'static str, ranges: &[IpNet]) -> Result<(), SettingsError> {
        let families: Vec<Family> = ranges.iter().map(Family::of_range).collect();
        if families == self.families {
            return Ok(());
        }
        let texts: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        Err(SettingsError::Range {
            what,
            range: texts.join(","),
            accepted: "one range per IP family is needed, in the order of the families",
        })
    }

    /// Every node needs a /24 or /64.
    fn validate_size(&self) -> Result<(), SettingsError> {
        for range in &self.cluster_cidrs {
            let family = Family::of_range(range);
            let bits = family.node_prefix().checked_sub(range.prefix_len());
            // More than 16 bits are enough for any number of nodes, and more than 31 cannot be shifted by.
            let fits = bits.is_some_and(|bits| bits >= 16 || 1_u32 << bits > u32::from(self.nodes));
            if !fits {
                return Err(SettingsError::Range {
                    what: "--cluster-cidr",
                    range: range.to_string(),
                    accepted: "every node needs a /24 (IPv4) or /64 (IPv6) of its own, and the first is left free",
                });
            }
        }
        Ok(())
    }

    fn validate_overlaps(&self) -> Result<(), SettingsError> {
        let mut taken: Vec<(String, IpNet)> = Vec::new();
        for family in &self.families {
            for (name, range) in family.lab_ranges() {
                taken.push((name.to_owned(), range));
            }
        }
        let named = [
            ("--cluster-cidr", &self.cluster_cidrs),
            ("--service-cidr", &self.service_cidrs),
        ];
        for (what, ranges) in named {
            for range in ranges {
                if let Some((other_what, other)) = taken.iter().find(|(_, other)| overlap(range, other)) {
                    return Err(SettingsError::Overlap {
                        what,
                        range: *range,
                        other_what: other_what.clone(),
                        other: *other,
                    });
                }
            }
            taken.extend(ranges.iter().map(|range| (what.to_owned(), *range)));
        }
        Ok(())
    }
}

/// Whether two ranges share an address.
pub(crate) fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}

fn is_name(name: &str) -> bool {
    (1..=NAME).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: impl FnOnce(&mut LabSettings)) -> Result<(), String> {
        let mut settings = LabSettings::default();
        change(&mut settings);
        settings.validate().map_err(|error| error.to_string())
    }

    #[test]
    fn usual_settings_are_accepted() {
        assert_eq!(changed(|_| ()), Ok(()));
        assert_eq!(
            changed(|settings| settings.set_families(vec![Family::V6])),
            Ok(())
        );
        assert_eq!(
            changed(|settings| settings.set_families(vec![Family::V6, Family::V4])),
            Ok(())
        );
    }

    #[test]
    fn refusals_name_the_value_and_what_is_accepted() {
        type Change = fn(&mut LabSettings);
        let table: [(Change, &str); 7] = [
            (
                |settings| settings.name = "My_Lab".to_owned(),
                "name \"My_Lab\": 1 to 24 lower-case letters, digits and dashes, beginning with a letter, are accepted",
            ),
            (|settings| settings.nodes = 0, "nodes 0: 1 to 200 are accepted"),
            (
                |settings| settings.set_families(vec![Family::V4, Family::V4]),
                "IP families ipv4,ipv4: ipv4, ipv6, or both in any order are accepted",
            ),
            (
                |settings| settings.families = vec![Family::V6],
                "--cluster-cidr 10.42.0.0/16: one range per IP family is needed, in the order of the families",
            ),
            (
                |settings| settings.cluster_cidrs = vec!["10.42.0.0/23".parse().unwrap()],
                "--cluster-cidr 10.42.0.0/23: every node needs a /24 (IPv4) or /64 (IPv6) of its own, and the first is left free",
            ),
            (
                |settings| settings.service_cidrs = vec!["10.42.9.0/24".parse().unwrap()],
                "--service-cidr 10.42.9.0/24 overlaps --cluster-cidr 10.42.0.0/16",
            ),
            (
                |settings| settings.cluster_cidrs = vec!["198.0.0.0/8".parse().unwrap()],
                "--cluster-cidr 198.0.0.0/8 overlaps the nodes' network 198.18.0.0/24",
            ),
        ];
        for (change, message) in table {
            assert_eq!(changed(change), Err(message.to_owned()));
        }
    }
}
