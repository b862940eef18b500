//! The choices within expressions.

use std::ops::BitOr;

/// From where the offset of packet octets counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// The frame's header.
    Link,
    /// The header of IPv4 or IPv6.
    Network,
    /// The header of TCP, UDP and so on.
    Transport,
}

impl Base {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Link => 0,
            Self::Network => 1,
            Self::Transport => 2,
        }
    }
}

/// A comparison of a register with a constant; order is that of the octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// =
    Equal,
    /// ≠
    NotEqual,
    /// <
    Less,
    /// ≤
    LessOrEqual,
    /// >
    Greater,
    /// ≥
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Equal => 0,
            Self::NotEqual => 1,
            Self::Less => 2,
            Self::LessOrEqual => 3,
            Self::Greater => 4,
            Self::GreaterOrEqual => 5,
        }
    }
}

/// How bits change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BitwiseOperation {
    /// `(value & mask) ^ xor`
    MaskXor {
        /// Bits that are kept.
        mask: Vec<u8>,
        /// Bits that are flipped.
        xor: Vec<u8>,
    },
    /// Shifts to the left by this many bits.
    ShiftLeft(u32),
    /// Shifts to the right by this many bits.
    ShiftRight(u32),
}

/// Which way octets are swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// From network order to that of the host.
    ToHost,
    /// From the host's order to that of the network.
    ToNetwork,
}

/// What is asked of the routing tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FibResult {
    /// The number of the interface.
    Interface,
    /// The name of the interface.
    InterfaceName,
    /// What the address is to this machine.
    AddressType,
}

impl FibResult {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Interface => 1,
            Self::InterfaceName => 2,
            Self::AddressType => 3,
        }
    }
}

/// What a rule does to a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DynsetOperation {
    /// Adds an element that is not there.
    Add,
    /// Adds an element, or restarts its timeout.
    Update,
    /// Removes an element.
    Delete,
}

impl DynsetOperation {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Add => 0,
            Self::Update => 1,
            Self::Delete => 2,
        }
    }
}

/// Which end of a connection is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NatKind {
    /// The source.
    Source,
    /// The destination.
    Destination,
}

impl NatKind {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Source => 0,
            Self::Destination => 1,
        }
    }
}

/// How addresses and ports are chosen (`NF_NAT_RANGE_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NatFlags(pub(crate) u32);

impl NatFlags {
    /// As usual.
    pub const NONE: Self = Self(0);
    /// Ports are mapped at random.
    pub const RANDOM: Self = Self(1 << 2);
    /// A client gets the same address for each connection.
    pub const PERSISTENT: Self = Self(1 << 3);
    /// Ports are mapped at random, unpredictably.
    pub const FULLY_RANDOM: Self = Self(1 << 4);
    /// `NF_NAT_RANGE_MAP_IPS`
    pub(crate) const ADDRESS: Self = Self(1);
    /// `NF_NAT_RANGE_PROTO_SPECIFIED`
    pub(crate) const PORTS: Self = Self(1 << 1);
}

impl BitOr for NatFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// How the sender of a packet is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reject {
    /// With a TCP reset; the packet must be TCP.
    TcpReset,
    /// With an ICMP message "destination unreachable" of this code; the packet must be IPv4.
    Icmp(u8),
    /// With an ICMPv6 message "destination unreachable" of this code; the packet must be IPv6.
    Icmpv6(u8),
    /// With the ICMP message of the packet's family (`NFT_REJECT_ICMPX_*`): 0 no route, 1 port, 2 host, 3
    /// prohibited.
    Icmpx(u8),
}

impl Reject {
    /// "Port unreachable", whatever the packet's family.
    pub const PORT_UNREACHABLE: Self = Self::Icmpx(1);
}

/// What a log line includes (`NF_LOG_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogFlags(pub(crate) u32);

impl LogFlags {
    /// As usual.
    pub const NONE: Self = Self(0);
    /// TCP sequence numbers.
    pub const TCP_SEQUENCE: Self = Self(1);
    /// TCP options.
    pub const TCP_OPTIONS: Self = Self(1 << 1);
    /// IP options.
    pub const IP_OPTIONS: Self = Self(1 << 2);
    /// The user of the socket.
    pub const SKUID: Self = Self(1 << 3);
    /// Hardware addresses.
    pub const ETHER: Self = Self(1 << 5);
    /// All of these.
    pub const ALL: Self = Self(0x2f);
}

impl BitOr for LogFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
