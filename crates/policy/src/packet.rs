//! Packets to evaluate.

use std::fmt;
use std::net::IpAddr;

use kinglet_model::Protocol;

/// Types of neighbour discovery (RFC 4861, section 4): router and neighbour solicitations and advertisements.
pub(crate) const NEIGHBOUR_DISCOVERY: [u8; 4] = [133, 134, 135, 136];

/// A packet as the filter hooks of a node see it: after DNAT to an endpoint, before SNAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// Its protocol and port.
    pub transport: Transport,
    /// The hooks that it passes.
    pub path: Path,
    /// The state of its connection.
    pub state: ConnectionState,
}

/// Protocol and port of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A protocol with ports, and the destination port.
    Port(Protocol, u16),
    /// ICMP or ICMPv6, as the addresses are, of this type.
    Icmp(u8),
    /// Another protocol, by its number.
    Other(u8),
}

/// How a packet passes a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Path {
    /// From a pod or from outside, to a pod or to the outside.
    #[default]
    Forwarded,
    /// From a pod to the node that it runs on.
    ToNode,
    /// From a node, or a pod on its network, to a pod that it runs.
    FromNode,
}

/// The state of a packet's connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// It begins a connection.
    #[default]
    New,
    /// It belongs or is related to a connection that was allowed.
    Established,
    /// It belongs to a connection that was allowed and has been revoked.
    Revoked,
}

impl Packet {
    /// A packet that begins a connection.
    pub fn new(source: IpAddr, destination: IpAddr, transport: Transport) -> Self {
        Self {
            source,
            destination,
            transport,
            path: Path::default(),
            state: ConnectionState::default(),
        }
    }

    /// Whether it is neighbour discovery, without which IPv6 does not work on a link.
    pub(crate) fn is_neighbour_discovery(&self) -> bool {
        let types = NEIGHBOUR_DISCOVERY;
        self.destination.is_ipv6() && matches!(self.transport, Transport::Icmp(kind) if types.contains(&kind))
    }

    /// Echo request (RFC 792, RFC 4443 section 4.1).
    pub(crate) fn is_echo_request(&self) -> bool {
        let echo = if self.destination.is_ipv6() { 128 } else { 8 };
        self.transport == Transport::Icmp(echo)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(protocol, port) => write!(formatter, "{} {port}", protocol.as_lower()),
            Self::Icmp(kind) => write!(formatter, "icmp type {kind}"),
            Self::Other(number) => write!(formatter, "protocol {number}"),
        }
    }
}
