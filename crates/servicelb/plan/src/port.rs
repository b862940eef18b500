//! Ports of nodes, and who holds them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kinglet_model::{ObjectName, Protocol, Service, ServiceType};

/// Protocols and ports that a node serves on all its addresses, by Service.
pub type NodeShare = BTreeMap<ObjectName, BTreeSet<(Protocol, u16)>>;

/// A port of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port number.
    pub number: u16,
}

impl Port {
    /// A port of a protocol.
    pub fn new(protocol: Protocol, number: u16) -> Self {
        Self { protocol, number }
    }

    /// The ports of a Service, in the order of `spec.ports`.
    pub fn of(service: &Service) -> impl Iterator<Item = Self> {
        let ports = service.ports.iter();
        ports.map(|port| Self::new(port.protocol, port.port))
    }

    /// The ports of a Service on every node (`spec.ports[].nodePort`).
    pub(crate) fn of_nodes(service: &Service) -> impl Iterator<Item = Self> {
        let exposed = matches!(
            service.service_type,
            ServiceType::NodePort | ServiceType::LoadBalancer
        );
        let ports = service.ports.iter();
        let ports = ports.filter(move |port| exposed && port.node_port != 0);
        ports.map(|port| Self::new(port.protocol, port.node_port))
    }
}

/// The name of a protocol, as the API writes it.
pub(crate) fn upper(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    }
}

/// For instance `TCP 80`.
impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", upper(self.protocol), self.number)
    }
}

/// Who holds a port of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Holder {
    /// A Pod with `hostPort`.
    Pod(ObjectName),
    /// A process of the node that listens on it.
    Process,
    /// The load balancer of another Service.
    Service(ObjectName),
    /// Another, older Service, as a node port.
    NodePort(ObjectName),
    /// Another, older Service, which has an address of the node among its `externalIPs`.
    ExternalIp(ObjectName),
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pod(name) => write!(formatter, "Pod {name}"),
            Self::Process => formatter.write_str("a process of the node"),
            Self::Service(name) => write!(formatter, "Service {name}"),
            Self::NodePort(name) => write!(formatter, "Service {name} as nodePort"),
            Self::ExternalIp(name) => write!(formatter, "Service {name} at its externalIPs"),
        }
    }
}
