//! Pod (core/v1).

use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;

use super::protocol::Protocol;
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
    /// Named ports of the containers that go on running: `spec.containers`, and `spec.initContainers` with
    /// `restartPolicy: Always`.
    pub named_ports: Vec<NamedPort>,
    /// Ports of the node that its containers, also those of sidecars, take.
    pub host_ports: Box<[HostPort]>,
}

/// A port of a Pod with `hostPort`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPort {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port of the node.
    pub port: u16,
    /// Address of the node; all if there is none.
    pub address: Option<IpAddr>,
}

/// An entry of `ports` of a container that has a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamedPort {
    /// `name`.
    pub name: Arc<str>,
    /// `protocol`.
    pub protocol: Protocol,
    /// `containerPort`.
    pub number: u16,
}

impl Pod {
    /// Whether all of its containers have ended for good: its addresses may belong to another Pod by now.
    pub fn is_finished(&self) -> bool {
        matches!(&*self.phase, "Succeeded" | "Failed")
    }
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
    /// Ports of the containers that go on running.
    fn ports(&self) -> impl Iterator<Item = &ContainerPort> {
        // Init containers with `restartPolicy: Always` are sidecars (KEP-753); the others end before the Pod
        // is ready.
        let sidecars = self.init_containers.iter();
        let sidecars = sidecars.filter(|container| container.restart_policy.as_deref() == Some("Always"));
        self.containers
            .iter()
            .chain(sidecars)
            .flat_map(|container| &container.ports)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    restart_policy: Option<Box<str>>,
    #[serde(deserialize_with = "nullable")]
    ports: Vec<ContainerPort>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerPort {
    name: Option<Arc<str>>,
    protocol: Option<Box<str>>,
    container_port: i64,
    #[serde(deserialize_with = "nullable")]
    host_port: i64,
    #[serde(rename = "hostIP", deserialize_with = "address")]
    host_ip: Option<IpAddr>,
}

impl ContainerPort {
    fn named(&self) -> Option<NamedPort> {
        Some(NamedPort {
            name: self.name.clone().filter(|name| !name.is_empty())?,
            protocol: Protocol::of(self.protocol.as_deref())?,
            number: u16::try_from(self.container_port).ok()?,
        })
    }

    fn on_host(&self) -> Option<HostPort> {
        Some(HostPort {
            protocol: Protocol::of(self.protocol.as_deref())?,
            port: u16::try_from(self.host_port).ok().filter(|port| *port != 0)?,
            address: self.host_ip,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Box<str>,
    #[serde(rename = "podIP")]
    pod_ip: String,
    #[serde(rename = "podIPs", deserialize_with = "nullable")]
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
        // Kubelets and tools that know one family write `podIP` alone.
        if ips.is_empty() {
            ips.extend(status.pod_ip.parse::<IpAddr>());
        }
        Self {
            metadata,
            named_ports: spec.ports().filter_map(ContainerPort::named).collect(),
            host_ports: spec.ports().filter_map(ContainerPort::on_host).collect(),
            node_name: spec.node_name,
            host_network: spec.host_network,
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
        // `0.0.0.0` and `::` mean all addresses, as a missing `hostIP` does.
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

    #[test]
    fn named_ports_are_those_of_containers_that_go_on_running() {
        let pod: Pod = serde_json::from_str(
            r#"{
                "spec": {
                    "containers": [
                        {"ports": [{"name": "web", "containerPort": 80}, {"containerPort": 81}]},
                        {"ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]},
                        {"ports": null}
                    ],
                    "initContainers": [
                        {"ports": [{"name": "early", "containerPort": 82}]},
                        {"restartPolicy": "Always", "ports": [{"name": "late", "containerPort": 83, "protocol": "SCTP"}]}
                    ]
                }
            }"#,
        )
        .unwrap();
        let ports = pod.named_ports.iter();
        let ports: Vec<_> = ports
            .map(|port| (&*port.name, port.protocol, port.number))
            .collect();
        assert_eq!(
            ports,
            [
                ("web", Protocol::Tcp, 80),
                ("dns", Protocol::Udp, 53),
                ("late", Protocol::Sctp, 83)
            ]
        );
    }

    #[test]
    fn the_last_phases_end_a_pod() {
        for (phase, finished) in [
            ("Pending", false),
            ("Running", false),
            ("Succeeded", true),
            ("Failed", true),
        ] {
            let pod = Pod {
                phase: phase.into(),
                ..Pod::default()
            };
            assert_eq!(pod.is_finished(), finished, "{phase}");
        }
    }
}
