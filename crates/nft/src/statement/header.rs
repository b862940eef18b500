//! Fields of packet headers.

use crate::expression::Base;
use crate::types::{DataType, L3};

/// A header that fields are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Ether,
    Network(L3),
    /// Any transport protocol with ports.
    Transport,
    /// The transport protocol of this number.
    Number(u8),
}

/// A field of a packet's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Header {
    /// `ip saddr`
    IpSaddr,
    /// `ip daddr`
    IpDaddr,
    /// `ip protocol`
    IpProtocol,
    /// `ip6 saddr`
    Ip6Saddr,
    /// `ip6 daddr`
    Ip6Daddr,
    /// `ip6 nexthdr`
    Ip6Nexthdr,
    /// `th sport`: the source port of TCP, UDP, SCTP and so on.
    ThSport,
    /// `th dport`: the destination port of TCP, UDP, SCTP and so on.
    ThDport,
    /// `tcp sport`
    TcpSport,
    /// `tcp dport`
    TcpDport,
    /// `udp sport`
    UdpSport,
    /// `udp dport`
    UdpDport,
    /// `sctp sport`
    SctpSport,
    /// `sctp dport`
    SctpDport,
    /// `icmp type`
    IcmpType,
    /// `icmpv6 type`
    Icmpv6Type,
    /// `ether saddr`
    EtherSaddr,
    /// `ether daddr`
    EtherDaddr,
    /// `ether type`
    EtherType,
}

impl Header {
    /// `ip saddr` or `ip6 saddr`.
    pub fn saddr(family: L3) -> Self {
        match family {
            L3::Ipv4 => Self::IpSaddr,
            L3::Ipv6 => Self::Ip6Saddr,
        }
    }

    /// `ip daddr` or `ip6 daddr`.
    pub fn daddr(family: L3) -> Self {
        match family {
            L3::Ipv4 => Self::IpDaddr,
            L3::Ipv6 => Self::Ip6Daddr,
        }
    }

    /// The type of the field's value.
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::IpSaddr | Self::IpDaddr => DataType::Ipv4Addr,
            Self::Ip6Saddr | Self::Ip6Daddr => DataType::Ipv6Addr,
            Self::IpProtocol | Self::Ip6Nexthdr => DataType::InetProto,
            Self::IcmpType => DataType::IcmpType,
            Self::Icmpv6Type => DataType::Icmpv6Type,
            Self::EtherSaddr | Self::EtherDaddr => DataType::EtherAddr,
            Self::EtherType => DataType::EtherType,
            _ => DataType::InetService,
        }
    }

    /// The header that the field is in.
    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::IpSaddr | Self::IpDaddr | Self::IpProtocol => Protocol::Network(L3::Ipv4),
            Self::Ip6Saddr | Self::Ip6Daddr | Self::Ip6Nexthdr => Protocol::Network(L3::Ipv6),
            Self::ThSport | Self::ThDport => Protocol::Transport,
            Self::TcpSport | Self::TcpDport => Protocol::Number(6),
            Self::UdpSport | Self::UdpDport => Protocol::Number(17),
            Self::SctpSport | Self::SctpDport => Protocol::Number(132),
            Self::IcmpType => Protocol::Number(1),
            Self::Icmpv6Type => Protocol::Number(58),
            Self::EtherSaddr | Self::EtherDaddr | Self::EtherType => Protocol::Ether,
        }
    }

    /// Where the field is: base, and offset in octets.
    pub(crate) fn place(self) -> (Base, u32) {
        match self {
            // RFC 791, section 3.1
            Self::IpSaddr => (Base::Network, 12),
            Self::IpDaddr => (Base::Network, 16),
            Self::IpProtocol => (Base::Network, 9),
            // RFC 8200, section 3
            Self::Ip6Saddr => (Base::Network, 8),
            Self::Ip6Daddr => (Base::Network, 24),
            Self::Ip6Nexthdr => (Base::Network, 6),
            // All transport protocols with ports begin with them.
            Self::ThSport | Self::TcpSport | Self::UdpSport | Self::SctpSport => (Base::Transport, 0),
            Self::ThDport | Self::TcpDport | Self::UdpDport | Self::SctpDport => (Base::Transport, 2),
            Self::IcmpType | Self::Icmpv6Type => (Base::Transport, 0),
            Self::EtherDaddr => (Base::Link, 0),
            Self::EtherSaddr => (Base::Link, 6),
            Self::EtherType => (Base::Link, 12),
        }
    }

    /// The words that the `nft` program uses.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::IpSaddr => "ip saddr",
            Self::IpDaddr => "ip daddr",
            Self::IpProtocol => "ip protocol",
            Self::Ip6Saddr => "ip6 saddr",
            Self::Ip6Daddr => "ip6 daddr",
            Self::Ip6Nexthdr => "ip6 nexthdr",
            Self::ThSport => "th sport",
            Self::ThDport => "th dport",
            Self::TcpSport => "tcp sport",
            Self::TcpDport => "tcp dport",
            Self::UdpSport => "udp sport",
            Self::UdpDport => "udp dport",
            Self::SctpSport => "sctp sport",
            Self::SctpDport => "sctp dport",
            Self::IcmpType => "icmp type",
            Self::Icmpv6Type => "icmpv6 type",
            Self::EtherSaddr => "ether saddr",
            Self::EtherDaddr => "ether daddr",
            Self::EtherType => "ether type",
        }
    }

    /// The numbers by which the `nft` program knows a header and its field, for the fields that `typeof` is
    /// of use for.
    pub(crate) fn description(self) -> Option<(u32, u32)> {
        match self {
            Self::IpSaddr => Some((12, 11)),
            Self::IpDaddr => Some((12, 12)),
            Self::Ip6Saddr => Some((13, 8)),
            Self::Ip6Daddr => Some((13, 9)),
            Self::ThSport => Some((11, 1)),
            Self::ThDport => Some((11, 2)),
            _ => None,
        }
    }
}
