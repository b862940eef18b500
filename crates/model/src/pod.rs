//! Pod (core/v1).

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;

use crate::Protocol;
use crate::condition::Condition;
use crate::object::{Meta, nullable, object};

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
    /// Whether the condition `Ready` is true.
    pub ready: bool,
    /// Ports of the node that its containers, also those of sidecars, take.
    pub host_ports: Box<[HostPort]>,
}

/// A port of a Pod with `hostPort`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostPort {
    /// Transport protocol.
    #[serde(deserialize_with = "nullable")]
    pub protocol: Protocol,
    /// Port of the node.
    #[serde(rename = "hostPort")]
    pub port: u16,
    /// Address of the node; all if there is none.
    #[serde(rename = "hostIP", deserialize_with = "address")]
    pub address: Option<IpAddr>,
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
    #[serde(deserialize_with = "nullable")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    init_containers: Vec<Container>,
}

impl Spec {
    fn host_ports(self) -> Box<[HostPort]> {
        let sidecars = self
            .init_containers
            .into_iter()
            .filter(|one| &*one.restart_policy == "Always");
        let ports = self
            .containers
            .into_iter()
            .chain(sidecars)
            .flat_map(|one| one.ports);
        ports.filter(|port| port.port != 0).collect()
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    #[serde(deserialize_with = "nullable")]
    ports: Vec<HostPort>,
    #[serde(deserialize_with = "nullable")]
    restart_policy: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Box<str>,
    #[serde(rename = "podIP")]
    pod_ip: String,
    #[serde(rename = "podIPs")]
    pod_ips: Vec<PodIp>,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
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
            node_name: spec.node_name.clone(),
            host_network: spec.host_network,
            host_ports: spec.host_ports(),
            ready: Condition::is_met(&status.conditions, "Ready"),
            phase: status.phase,
            ips,
        }
    }
}

fn address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    let text: String = nullable(deserializer)?;
    Ok(text
        .parse()
        .ok()
        .filter(|address: &IpAddr| !address.is_unspecified()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_ports_of_containers_and_sidecars_are_read() {
        let port =
            |number: u16, ip: &str| serde_json::json!({"containerPort": 1, "hostPort": number, "hostIP": ip});
        let pod: Pod = serde_json::from_value(serde_json::json!({
            "spec": {
                "containers": [{"ports": [port(80, "0.0.0.0"), {"containerPort": 81}]}, {"ports": null}],
                "initContainers": [
                    {"ports": [port(82, "127.0.0.1")], "restartPolicy": "Always"},
                    {"ports": [port(83, "")]},
                ],
            },
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }))
        .unwrap();
        let ports: Vec<_> = pod
            .host_ports
            .iter()
            .map(|port| (port.port, port.address))
            .collect();
        assert_eq!(ports, [(80, None), (82, "127.0.0.1".parse().ok())]);
        assert!(pod.ready);
    }
}
