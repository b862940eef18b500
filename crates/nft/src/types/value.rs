//! Values, single and concatenated.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{AddressType, CtState, CtStatus, DataType};

/// Octets of an interface's name, its NUL included.
const IFNAME: usize = 16;

/// The address family of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum L3 {
    /// IPv4
    Ipv4,
    /// IPv6
    Ipv6,
}

impl L3 {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// `NFPROTO_*`
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Ipv4 => 2,
            Self::Ipv6 => 10,
        }
    }
}

/// The direction of a connection's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// That of the first packet.
    Original,
    /// The other.
    Reply,
}

/// A value, one variant for each [`DataType`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// An IPv4 address.
    Ipv4Addr(Ipv4Addr),
    /// An IPv6 address.
    Ipv6Addr(Ipv6Addr),
    /// A hardware address.
    EtherAddr([u8; 6]),
    /// A protocol above Ethernet.
    EtherType(u16),
    /// The number of a transport protocol.
    InetProto(u8),
    /// A port.
    InetService(u16),
    /// A packet's or connection's mark.
    Mark(u32),
    /// An interface's number.
    IfIndex(u32),
    /// An interface's name, at most 15 octets.
    IfName(String),
    /// States of a connection.
    CtState(CtState),
    /// Facts of a connection.
    CtStatus(CtStatus),
    /// A direction.
    CtDirection(Direction),
    /// IPv4 or IPv6.
    NfProto(L3),
    /// What an address is to this machine.
    AddressType(AddressType),
    /// The type of an ICMP message.
    IcmpType(u8),
    /// The type of an ICMPv6 message.
    Icmpv6Type(u8),
    /// A number.
    Integer(u32),
}

impl Value {
    /// The number of TCP.
    pub const TCP: Self = Self::InetProto(6);
    /// The number of UDP.
    pub const UDP: Self = Self::InetProto(17);
    /// The number of SCTP.
    pub const SCTP: Self = Self::InetProto(132);
    /// The number of ICMP.
    pub const ICMP: Self = Self::InetProto(1);
    /// The number of ICMPv6.
    pub const ICMPV6: Self = Self::InetProto(58);

    /// An interface's name.
    pub fn interface(name: impl Into<String>) -> Self {
        Self::IfName(name.into())
    }

    /// The address, if it is one of the internet.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ipv4Addr(address) => Some(IpAddr::V4(*address)),
            Self::Ipv6Addr(address) => Some(IpAddr::V6(*address)),
            _ => None,
        }
    }

    /// The value's type.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Ipv4Addr(_) => DataType::Ipv4Addr,
            Self::Ipv6Addr(_) => DataType::Ipv6Addr,
            Self::EtherAddr(_) => DataType::EtherAddr,
            Self::EtherType(_) => DataType::EtherType,
            Self::InetProto(_) => DataType::InetProto,
            Self::InetService(_) => DataType::InetService,
            Self::Mark(_) => DataType::Mark,
            Self::IfIndex(_) => DataType::IfIndex,
            Self::IfName(_) => DataType::IfName,
            Self::CtState(_) => DataType::CtState,
            Self::CtStatus(_) => DataType::CtStatus,
            Self::CtDirection(_) => DataType::CtDirection,
            Self::NfProto(_) => DataType::NfProto,
            Self::AddressType(_) => DataType::AddressType,
            Self::IcmpType(_) => DataType::IcmpType,
            Self::Icmpv6Type(_) => DataType::Icmpv6Type,
            Self::Integer(_) => DataType::Integer,
        }
    }

    /// The value's octets, as registers hold them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Ipv4Addr(address) => address.octets().to_vec(),
            Self::Ipv6Addr(address) => address.octets().to_vec(),
            Self::EtherAddr(address) => address.to_vec(),
            // What stands in packets is loaded as it stands there; what the kernel knows is in the order of
            // the host.
            Self::EtherType(number) | Self::InetService(number) => number.to_be_bytes().to_vec(),
            Self::InetProto(number) | Self::IcmpType(number) | Self::Icmpv6Type(number) => vec![*number],
            Self::Mark(number) | Self::IfIndex(number) | Self::Integer(number) => {
                number.to_ne_bytes().to_vec()
            }
            Self::CtState(CtState(bits)) | Self::CtStatus(CtStatus(bits)) => bits.to_ne_bytes().to_vec(),
            Self::AddressType(AddressType(number)) => number.to_ne_bytes().to_vec(),
            Self::CtDirection(direction) => vec![u8::from(*direction == Direction::Reply)],
            Self::NfProto(family) => vec![family.number()],
            Self::IfName(name) => {
                // The kernel fills the register with the whole field, so that two equal names are equal
                // octets.
                let mut octets = name.as_bytes().to_vec();
                octets.resize(IFNAME, 0);
                octets
            }
        }
    }

    /// The value of a type that the octets encode; what follows them is ignored.
    pub(crate) fn decode(data_type: DataType, octets: &[u8]) -> Option<Self> {
        let number = || octets.first_chunk().map(|octets| u32::from_ne_bytes(*octets));
        let short = || octets.first_chunk().map(|octets| u16::from_be_bytes(*octets));
        let first = octets.first().copied();
        Some(match data_type {
            DataType::Ipv4Addr => Self::Ipv4Addr(Ipv4Addr::from(*octets.first_chunk::<4>()?)),
            DataType::Ipv6Addr => Self::Ipv6Addr(Ipv6Addr::from(*octets.first_chunk::<16>()?)),
            DataType::EtherAddr => Self::EtherAddr(*octets.first_chunk()?),
            DataType::EtherType => Self::EtherType(short()?),
            DataType::InetProto => Self::InetProto(first?),
            DataType::InetService => Self::InetService(short()?),
            DataType::Mark => Self::Mark(number()?),
            DataType::IfIndex => Self::IfIndex(number()?),
            DataType::IfName => Self::IfName(interface_name(octets.first_chunk()?)?),
            DataType::CtState => Self::CtState(CtState(number()?)),
            DataType::CtStatus => Self::CtStatus(CtStatus(number()?)),
            DataType::CtDirection => Self::CtDirection(direction(first?)?),
            DataType::NfProto => Self::NfProto(family(first?)?),
            DataType::AddressType => Self::AddressType(AddressType(number()?)),
            DataType::IcmpType => Self::IcmpType(first?),
            DataType::Icmpv6Type => Self::Icmpv6Type(first?),
            DataType::Integer => Self::Integer(number()?),
        })
    }

    /// Whether the kernel could hold it: only names may be too long.
    pub(crate) fn fits(&self) -> bool {
        match self {
            Self::IfName(name) => name.len() < IFNAME && !name.contains('\0'),
            _ => true,
        }
    }
}

fn interface_name(octets: &[u8; IFNAME]) -> Option<String> {
    let end = octets.iter().position(|octet| *octet == 0)?;
    let name = octets.get(..end)?;
    String::from_utf8(name.to_vec()).ok()
}

fn direction(number: u8) -> Option<Direction> {
    match number {
        0 => Some(Direction::Original),
        1 => Some(Direction::Reply),
        _ => None,
    }
}

fn family(number: u8) -> Option<L3> {
    [L3::Ipv4, L3::Ipv6]
        .into_iter()
        .find(|family| family.number() == number)
}

impl From<Ipv4Addr> for Value {
    fn from(address: Ipv4Addr) -> Self {
        Self::Ipv4Addr(address)
    }
}

impl From<Ipv6Addr> for Value {
    fn from(address: Ipv6Addr) -> Self {
        Self::Ipv6Addr(address)
    }
}

impl From<IpAddr> for Value {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ipv4Addr(address),
            IpAddr::V6(address) => Self::Ipv6Addr(address),
        }
    }
}

/// A port.
impl From<u16> for Value {
    fn from(port: u16) -> Self {
        Self::InetService(port)
    }
}

impl From<CtState> for Value {
    fn from(state: CtState) -> Self {
        Self::CtState(state)
    }
}

impl From<CtStatus> for Value {
    fn from(status: CtStatus) -> Self {
        Self::CtStatus(status)
    }
}

impl From<AddressType> for Value {
    fn from(kind: AddressType) -> Self {
        Self::AddressType(kind)
    }
}

impl From<L3> for Value {
    fn from(family: L3) -> Self {
        Self::NfProto(family)
    }
}

impl From<Direction> for Value {
    fn from(direction: Direction) -> Self {
        Self::CtDirection(direction)
    }
}
