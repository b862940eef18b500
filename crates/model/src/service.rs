//! Service (core/v1).

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ingress::LoadBalancerIngress;
use crate::object::{Meta, object};

/// A Service, flattened: `spec` and `status.loadBalancer` are fields of the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Service {
    /// Name, labels, annotations.
    pub metadata: Meta,
    /// `spec.type`.
    pub service_type: ServiceType,
    /// `spec.clusterIPs`, in order, the first being the primary; empty for headless and ExternalName Services.
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
    /// `status.loadBalancer.ingress`.
    pub load_balancer: Vec<LoadBalancerIngress>,
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

/// Transport protocol of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Protocol {
    /// TCP, the default.
    #[default]
    #[serde(rename = "TCP")]
    Tcp,
    /// UDP.
    #[serde(rename = "UDP")]
    Udp,
    /// SCTP.
    #[serde(rename = "SCTP")]
    Sctp,
}

impl Protocol {
    /// Lower-case name, as in SRV owner labels (RFC 2782) and rule texts.
    pub fn as_lower(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
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
    #[serde(rename = "clusterIPs")]
    cluster_ips: Vec<String>,
    external_name: Option<Arc<str>>,
    #[serde(rename = "externalIPs")]
    external_ips: Vec<String>,
    ports: Vec<ServicePort>,
    selector: Option<BTreeMap<Box<str>, Box<str>>>,
    publish_not_ready_addresses: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    load_balancer: LoadBalancerStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancerStatus {
    ingress: Vec<LoadBalancerIngress>,
}

impl From<Wire> for Service {
    fn from(wire: Wire) -> Self {
        let Spec {
            r#type,
            cluster_ip,
            cluster_ips,
            external_name,
            external_ips,
            ports,
            selector,
            publish_not_ready_addresses,
        } = wire.spec;
        let headless = cluster_ip == "None" || cluster_ips.iter().any(|ip| ip == "None");
        let all = if cluster_ips.is_empty() {
            vec![cluster_ip]
        } else {
            cluster_ips
        };
        Self {
            metadata: wire.metadata,
            service_type: r#type,
            cluster_ips: all.iter().filter_map(|ip| ip.parse().ok()).collect(),
            headless,
            external_name: external_name.filter(|name| !name.is_empty()),
            external_ips: external_ips.iter().filter_map(|ip| ip.parse().ok()).collect(),
            ports,
            selector: selector.unwrap_or_default(),
            publish_not_ready_addresses,
            load_balancer: wire.status.load_balancer.ingress,
        }
    }
}
