//! Types of keys and data.

/// Bits of one type's number in the number of a concatenation.
const TYPE_BITS: u32 = 6;

/// The type of a key, of data, or of one part of a concatenation, with the number by which the `nft` program
/// knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataType {
    /// `ipv4_addr`
    Ipv4Addr,
    /// `ipv6_addr`
    Ipv6Addr,
    /// `ether_addr`
    EtherAddr,
    /// `ether_type`
    EtherType,
    /// `inet_proto`: the number of a transport protocol.
    InetProto,
    /// `inet_service`: a port.
    InetService,
    /// `mark`: of a packet or of a connection.
    Mark,
    /// `iface_index`
    IfIndex,
    /// `ifname`
    IfName,
    /// `ct_state`
    CtState,
    /// `ct_status`
    CtStatus,
    /// `ct_dir`
    CtDirection,
    /// `nf_proto`: IPv4 or IPv6.
    NfProto,
    /// `fib_addrtype`
    AddressType,
    /// `icmp_type`
    IcmpType,
    /// `icmpv6_type`
    Icmpv6Type,
    /// A 32-bit number in the order of the host, as `numgen` and hashes give. The `nft` program has no name
    /// that it would read back: give the set a [`typeof_key`](crate::Set::typeof_key).
    Integer,
}

/// The order of a value's octets in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Host,
    Network,
}

impl DataType {
    /// All types.
    pub const ALL: [Self; 17] = [
        Self::Ipv4Addr,
        Self::Ipv6Addr,
        Self::EtherAddr,
        Self::EtherType,
        Self::InetProto,
        Self::InetService,
        Self::Mark,
        Self::IfIndex,
        Self::IfName,
        Self::CtState,
        Self::CtStatus,
        Self::CtDirection,
        Self::NfProto,
        Self::AddressType,
        Self::IcmpType,
        Self::Icmpv6Type,
        Self::Integer,
    ];

    /// Octets of a value.
    pub(crate) fn octets(self) -> usize {
        match self {
            Self::InetProto | Self::CtDirection | Self::NfProto | Self::IcmpType | Self::Icmpv6Type => 1,
            Self::EtherType | Self::InetService => 2,
            Self::Ipv4Addr | Self::Mark | Self::IfIndex | Self::CtState => 4,
            Self::CtStatus | Self::AddressType | Self::Integer => 4,
            Self::EtherAddr => 6,
            Self::Ipv6Addr | Self::IfName => 16,
        }
    }

    /// Octets of a value in a concatenation and in registers.
    pub(crate) fn padded(self) -> usize {
        self.octets().next_multiple_of(4)
    }

    pub(crate) fn order(self) -> Order {
        match self {
            Self::Mark | Self::IfIndex | Self::CtState | Self::CtStatus => Order::Host,
            Self::AddressType | Self::Integer | Self::IfName => Order::Host,
            // One octet has no order, but `nft` notes this one with each set.
            Self::InetProto | Self::CtDirection | Self::NfProto => Order::Host,
            _ => Order::Network,
        }
    }

    /// The name that the `nft` program uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ipv4Addr => "ipv4_addr",
            Self::Ipv6Addr => "ipv6_addr",
            Self::EtherAddr => "ether_addr",
            Self::EtherType => "ether_type",
            Self::InetProto => "inet_proto",
            Self::InetService => "inet_service",
            Self::Mark => "mark",
            Self::IfIndex => "iface_index",
            Self::IfName => "ifname",
            Self::CtState => "ct_state",
            Self::CtStatus => "ct_status",
            Self::CtDirection => "ct_dir",
            Self::NfProto => "nf_proto",
            Self::AddressType => "fib_addrtype",
            Self::IcmpType => "icmp_type",
            Self::Icmpv6Type => "icmpv6_type",
            Self::Integer => "integer",
        }
    }

    /// The number by which the `nft` program knows the type; the kernel only keeps it.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::NfProto => 2,
            Self::Integer => 4,
            Self::Ipv4Addr => 7,
            Self::Ipv6Addr => 8,
            Self::EtherAddr => 9,
            Self::EtherType => 10,
            Self::InetProto => 12,
            Self::InetService => 13,
            Self::IcmpType => 14,
            Self::Mark => 19,
            Self::IfIndex => 20,
            Self::CtState => 26,
            Self::CtDirection => 27,
            Self::CtStatus => 28,
            Self::Icmpv6Type => 29,
            Self::AddressType => 38,
            Self::IfName => 41,
        }
    }
}

/// The number of a concatenation, and its length in octets; a single type is not padded.
pub(crate) fn concatenation(types: &[DataType]) -> (u32, usize) {
    match types {
        [single] => (single.number(), single.octets()),
        parts => {
            let number = |number, part: &DataType| number << TYPE_BITS | part.number();
            let len = parts.iter().map(|part| part.padded()).sum();
            (parts.iter().fold(0, number), len)
        }
    }
}

/// The types behind the number of a concatenation, if all are known.
pub(crate) fn from_number(number: u32) -> Option<Vec<DataType>> {
    let mut types = Vec::new();
    let mut rest = number;
    while rest != 0 {
        let part = rest & ((1 << TYPE_BITS) - 1);
        let known = DataType::ALL.iter().find(|known| known.number() == part)?;
        // The last part of a concatenation is in the lowest bits.
        types.insert(0, *known);
        rest >>= TYPE_BITS;
    }
    (!types.is_empty()).then_some(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concatenations_have_numbers() {
        let types = [DataType::Ipv4Addr, DataType::InetService];
        assert_eq!(concatenation(&types), (0x1cd, 8));
        assert_eq!(from_number(0x1cd), Some(types.to_vec()));
        assert_eq!(from_number(0x3f), None);
    }

    #[test]
    fn every_type_is_found_by_its_number() {
        for one in DataType::ALL {
            assert_eq!(from_number(one.number()), Some(vec![one]));
        }
    }
}
