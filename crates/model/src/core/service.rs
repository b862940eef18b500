//! Service (core/v1).

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::load_balancer::LoadBalancerIngress;
use super::protocol::Protocol;
use crate::condition::Condition;
use crate::object::{Meta, nullable, object};

/// A Service, flattened: `spec` and `status.loadBalancer` are fields of the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Service {
    /// Name, labels, annotations.
    pub metadata: Meta,
    /// `spec.type`.
    pub service_type: ServiceType,
    /// `spec.clusterIPs`, in order, the first being the primary; empty for headless and ExternalName
    /// Services.
    pub cluster_ips: Vec<IpAddr>,
    /// `spec.clusterIP: None`.
    pub headless: bool,
    /// `spec.externalName`.
    pub external_name: Option<Arc<str>>,
    /// `spec.externalIPs` that are addresses.
    pub external_ips: Vec<IpAddr>,
    /// `spec.ports`.
    pub ports: Vec<ServicePort>,
    /// `spec.selector`.
    pub selector: BTreeMap<Box<str>, Box<str>>,
    /// `spec.publishNotReadyAddresses`.
    pub publish_not_ready_addresses: bool,
    /// `spec.ipFamilies`, in order, the first being that of the primary address.
    pub ip_families: Vec<IpFamily>,
    /// `spec.sessionAffinity: ClientIP`: how long a client keeps its endpoint after its last new connection.
    pub client_ip_affinity: Option<Duration>,
    /// `spec.internalTrafficPolicy`: which endpoints serve traffic to the cluster addresses.
    pub internal_traffic_policy: TrafficPolicy,
    /// `spec.externalTrafficPolicy`: which endpoints serve traffic from outside.
    pub external_traffic_policy: TrafficPolicy,
    /// `spec.healthCheckNodePort`, 0 when none.
    pub health_check_node_port: u16,
    /// `spec.loadBalancerSourceRanges` as written: networks that may use the load balancer's addresses; all
    /// if empty.
    pub load_balancer_source_ranges: Vec<Arc<str>>,
    /// `spec.loadBalancerClass`: which load balancer serves it, if not the usual one.
    pub load_balancer_class: Option<Arc<str>>,
    /// `spec.loadBalancerIP` (deprecated), if it is an address: which address the load balancer should have.
    pub load_balancer_ip: Option<IpAddr>,
    /// `status.loadBalancer.ingress`.
    pub load_balancer: Vec<LoadBalancerIngress>,
    /// `status.conditions`.
    pub conditions: Vec<Condition>,
}

object!(Service, "", "v1", "Service", "services", true);

/// `spec.type` of a Service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ServiceType {
    /// Reachable inside the cluster; the default.
    #[default]
    ClusterIP,
    /// Also on a port of every node.
    NodePort,
    /// Also on an external load balancer's address.
    LoadBalancer,
    /// A DNS alias (CNAME).
    ExternalName,
    /// A type that this version does not know; treated as `ClusterIP`.
    #[serde(other)]
    Unknown,
}

/// An entry of `spec.ipFamilies`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum IpFamily {
    /// `IPv4`
    #[serde(rename = "IPv4")]
    V4,
    /// `IPv6`
    #[serde(rename = "IPv6")]
    V6,
}

impl IpFamily {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// The value of `spec.internalTrafficPolicy` and `spec.externalTrafficPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TrafficPolicy {
    /// Only endpoints on the node that traffic arrives at.
    Local,
    /// All endpoints; the default, also for values that this version does not know.
    #[default]
    #[serde(other)]
    Cluster,
}

/// An entry of `spec.ports`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServicePort {
    /// Empty for an unnamed port.
    #[serde(deserialize_with = "crate::object::nullable")]
    pub name: Arc<str>,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port on the cluster address.
    pub port: u16,
    /// Port of the pods, by number or name.
    pub target_port: Option<NamedOrNumber>,
    /// Port on every node, 0 when none.
    pub node_port: u16,
    /// `appProtocol`, for instance `kubernetes.io/h2c`.
    pub app_protocol: Option<Arc<str>>,
}

/// A port by number or by name (Kubernetes `IntOrString`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(untagged)]
pub enum NamedOrNumber {
    /// Port number.
    Number(u16),
    /// Port name.
    Name(Arc<str>),
}

impl fmt::Display for NamedOrNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

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
    r#type: ServiceType,
    #[serde(rename = "clusterIP")]
    cluster_ip: String,
    #[serde(rename = "clusterIPs", deserialize_with = "nullable")]
    cluster_ips: Vec<String>,
    external_name: Option<Arc<str>>,
    #[serde(rename = "externalIPs", deserialize_with = "nullable")]
    external_ips: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    ports: Vec<ServicePort>,
    selector: Option<BTreeMap<Box<str>, Box<str>>>,
    publish_not_ready_addresses: bool,
    #[serde(deserialize_with = "nullable")]
    ip_families: Vec<IpFamily>,
    session_affinity: String,
    #[serde(deserialize_with = "nullable")]
    session_affinity_config: AffinityConfig,
    internal_traffic_policy: Option<TrafficPolicy>,
    external_traffic_policy: Option<TrafficPolicy>,
    health_check_node_port: u16,
    #[serde(deserialize_with = "nullable")]
    load_balancer_source_ranges: Vec<Arc<str>>,
    load_balancer_class: Option<Arc<str>>,
    #[serde(rename = "loadBalancerIP")]
    load_balancer_ip: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AffinityConfig {
    #[serde(rename = "clientIP", deserialize_with = "nullable")]
    client_ip: ClientIpConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ClientIpConfig {
    timeout_seconds: u64,
}

impl Default for ClientIpConfig {
    /// Three hours, as the API documents for a missing value.
    fn default() -> Self {
        let timeout_seconds = 10_800;
        Self { timeout_seconds }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    load_balancer: LoadBalancerStatus,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancerStatus {
    ingress: Vec<LoadBalancerIngress>,
}

impl From<Wire> for Service {
    fn from(wire: Wire) -> Self {
        let spec = wire.spec;
        let cluster_ips = spec.all_cluster_ips();
        Self {
            metadata: wire.metadata,
            service_type: spec.r#type,
            headless: cluster_ips.contains(&"None"),
            cluster_ips: addresses(cluster_ips),
            external_ips: addresses(spec.external_ips.iter().map(String::as_str)),
            client_ip_affinity: spec.client_ip_affinity(),
            external_name: spec.external_name.filter(|name| !name.is_empty()),
            ports: spec.ports,
            selector: spec.selector.unwrap_or_default(),
            publish_not_ready_addresses: spec.publish_not_ready_addresses,
            ip_families: spec.ip_families,
            internal_traffic_policy: spec.internal_traffic_policy.unwrap_or_default(),
            external_traffic_policy: spec.external_traffic_policy.unwrap_or_default(),
            health_check_node_port: spec.health_check_node_port,
            load_balancer_source_ranges: spec.load_balancer_source_ranges,
            load_balancer_class: spec.load_balancer_class.filter(|class| !class.is_empty()),
            load_balancer_ip: spec.load_balancer_ip.and_then(|text| text.parse().ok()),
            load_balancer: wire.status.load_balancer.ingress,
            conditions: wire.status.conditions,
        }
    }
}

impl Spec {
    /// `clusterIPs`, or `clusterIP` of an object that was written before Kubernetes 1.20.
    fn all_cluster_ips(&self) -> Vec<&str> {
        if self.cluster_ips.is_empty() {
            vec![&self.cluster_ip]
        } else {
            self.cluster_ips.iter().map(String::as_str).collect()
        }
    }

    fn client_ip_affinity(&self) -> Option<Duration> {
        let seconds = self.session_affinity_config.client_ip.timeout_seconds;
        (self.session_affinity == "ClientIP").then(|| Duration::from_secs(seconds))
    }
}

fn addresses<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<IpAddr> {
    texts.into_iter().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::load_balancer::PortStatus;

    #[test]
    fn traffic_policies_and_affinity_are_read() {
        let service: Service = serde_json::from_value(serde_json::json!({
            "spec": {
                "clusterIP": "10.43.0.1", "clusterIPs": ["10.43.0.1", "fd00::1"], "ipFamilies": ["IPv4", "IPv6"],
                "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}},
                "externalTrafficPolicy": "Local", "internalTrafficPolicy": "Someday",
                "loadBalancerSourceRanges": ["10.0.0.0/8"], "healthCheckNodePort": 30001,
                "loadBalancerClass": "example.com/lb", "loadBalancerIP": "192.0.2.1",
            },
            "status": {
                "loadBalancer": {"ingress": [
                    {"ip": "192.0.2.1", "ipMode": "Proxy", "ports": [{"port": 53, "protocol": "UDP"}]},
                ]},
                "conditions": [{"type": "a/B", "status": "True", "reason": "C", "message": "d"}],
            },
        }))
        .unwrap();
        assert_eq!(service.ip_families, [IpFamily::V4, IpFamily::V6]);
        assert_eq!(service.client_ip_affinity, Some(Duration::from_secs(5)));
        assert_eq!(service.external_traffic_policy, TrafficPolicy::Local);
        assert_eq!(service.internal_traffic_policy, TrafficPolicy::Cluster);
        assert_eq!(service.load_balancer_source_ranges, [Arc::from("10.0.0.0/8")]);
        assert_eq!(service.health_check_node_port, 30_001);
        assert_eq!(service.load_balancer_class.as_deref(), Some("example.com/lb"));
        assert_eq!(service.load_balancer_ip, "192.0.2.1".parse().ok());
        let ingress = &service.load_balancer[0];
        assert_eq!(ingress.ip_mode.as_deref(), Some("Proxy"));
        let (protocol, port) = (Protocol::Udp, 53);
        assert_eq!(ingress.ports, [PortStatus { protocol, port }]);
        assert!(service.conditions[0].is_true());
    }

    #[test]
    fn affinity_lasts_three_hours_unless_told() {
        let affinity = |spec| {
            let service: Service = serde_json::from_value(serde_json::json!({ "spec": spec })).unwrap();
            service.client_ip_affinity
        };
        let three_hours = Some(Duration::from_secs(10_800));
        assert_eq!(
            affinity(serde_json::json!({"sessionAffinity": "ClientIP"})),
            three_hours
        );
        assert_eq!(
            affinity(serde_json::json!({"sessionAffinity": "None", "sessionAffinityConfig": null})),
            None
        );
    }
}
