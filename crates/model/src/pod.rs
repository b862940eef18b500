//! Pod (core/v1).

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;

use crate::object::{Meta, object};

/// A Pod, flattened to what the services use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Pod {
    /// Name, labels.
    pub metadata: Meta,
    /// `spec.nodeName`, empty while unscheduled.
    pub node_name: Arc<str>,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// `status.phase`.
    pub phase: Box<str>,
    /// `status.podIPs`, or `status.podIP` alone.
    pub ips: Vec<IpAddr>,
}

object!(Pod, "", "v1", "Pod", "pods", true);

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Meta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Arc<str>,
    host_network: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Box<str>,
    #[serde(rename = "podIP")]
    pod_ip: String,
    #[serde(rename = "podIPs")]
    pod_ips: Vec<PodIp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodIp {
    ip: String,
}

impl From<Wire> for Pod {
    fn from(
        Wire {
            metadata,
            spec,
            status,
        }: Wire,
    ) -> Self {
        let mut ips: Vec<IpAddr> = status
            .pod_ips
            .iter()
            .filter_map(|pod_ip| pod_ip.ip.parse().ok())
            .collect();
        if ips.is_empty() {
            ips.extend(status.pod_ip.parse::<IpAddr>());
        }
        Self {
            metadata,
            node_name: spec.node_name,
            host_network: spec.host_network,
            phase: status.phase,
            ips,
        }
    }
}
