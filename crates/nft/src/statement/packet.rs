//! What the kernel knows of a packet and of its connection besides the headers.

use crate::types::{DataType, Direction, L3};

/// What the kernel knows of the packet (`meta …`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Meta {
    /// The mark.
    Mark,
    /// The number of the interface it came in by.
    Iif,
    /// The number of the interface it leaves by.
    Oif,
    /// The name of the interface it came in by.
    IifName,
    /// The name of the interface it leaves by.
    OifName,
    /// IPv4 or IPv6.
    NfProto,
    /// The transport protocol.
    L4Proto,
    /// The protocol above Ethernet.
    Protocol,
}

impl Meta {
    /// `enum nft_meta_keys`
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Protocol => 1,
            Self::Mark => 3,
            Self::Iif => 4,
            Self::Oif => 5,
            Self::IifName => 6,
            Self::OifName => 7,
            Self::NfProto => 15,
            Self::L4Proto => 16,
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Mark => DataType::Mark,
            Self::Iif | Self::Oif => DataType::IfIndex,
            Self::IifName | Self::OifName => DataType::IfName,
            Self::NfProto => DataType::NfProto,
            Self::L4Proto => DataType::InetProto,
            Self::Protocol => DataType::EtherType,
        }
    }
}

/// What connection tracking knows of the packet (`ct …`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ct {
    /// The state that the packet puts it in.
    State,
    /// The status bits of the connection.
    Status,
    /// The mark.
    Mark,
    /// The direction of the packet.
    Direction,
    /// The source address of packets of a direction.
    Saddr(Direction, L3),
    /// The destination address of packets of a direction.
    Daddr(Direction, L3),
    /// The source port of packets of a direction.
    ProtoSrc(Direction),
    /// The destination port of packets of a direction.
    ProtoDst(Direction),
    /// The transport protocol.
    Protocol,
    /// IPv4 or IPv6.
    L3Proto,
}

impl Ct {
    /// `enum nft_ct_keys`
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::State => 0,
            Self::Direction => 1,
            Self::Status => 2,
            Self::Mark => 3,
            Self::L3Proto => 7,
            Self::Protocol => 10,
            Self::ProtoSrc(_) => 11,
            Self::ProtoDst(_) => 12,
            Self::Saddr(_, L3::Ipv4) => 19,
            Self::Daddr(_, L3::Ipv4) => 20,
            Self::Saddr(_, L3::Ipv6) => 21,
            Self::Daddr(_, L3::Ipv6) => 22,
        }
    }

    pub(crate) fn direction(self) -> Option<Direction> {
        match self {
            Self::Saddr(direction, _) | Self::Daddr(direction, _) => Some(direction),
            Self::ProtoSrc(direction) | Self::ProtoDst(direction) => Some(direction),
            // The kernel wants a direction for what is the same in both.
            Self::Protocol | Self::L3Proto => Some(Direction::Original),
            _ => None,
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::State => DataType::CtState,
            Self::Status => DataType::CtStatus,
            Self::Mark => DataType::Mark,
            Self::Direction => DataType::CtDirection,
            Self::Saddr(_, L3::Ipv4) | Self::Daddr(_, L3::Ipv4) => DataType::Ipv4Addr,
            Self::Saddr(_, L3::Ipv6) | Self::Daddr(_, L3::Ipv6) => DataType::Ipv6Addr,
            Self::ProtoSrc(_) | Self::ProtoDst(_) => DataType::InetService,
            Self::Protocol => DataType::InetProto,
            Self::L3Proto => DataType::NfProto,
        }
    }
}
