//! Packets that are asked about.

use std::fmt;
use std::net::IpAddr;

use kinglet_model::Protocol;

/// Types of neighbour discovery (RFC 4861, section 4): router and neighbour solicitations and advertisements.
pub(crate) const NEIGHBOUR_DISCOVERY: [u8; 4] = [133, 134, 135, 136];

/// A packet as the node sees it in its filter hooks: after its destination was translated to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// What it carries.
    pub transport: Transport,
    /// How it goes.
    pub path: Path,
    /// What it is to its connection.
    pub state: State,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A protocol with ports, and the destination port.
    Port(Protocol, u16),
    /// ICMP or ICMPv6, as the addresses are, of this type.
    Icmp(u8),
    /// Another protocol, by its number.
    Other(u8),
}

/// How a packet goes through a node.
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

/// What a packet is to its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// It begins one.
    #[default]
    New,
    /// It belongs or is related to one that was allowed.
    Established,
    /// It belongs to one that was allowed and is not any more.
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
            state: State::default(),
        }
    }

    /// Whether links do not work without it.
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
