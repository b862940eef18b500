//! Prints values, ranges and networks.

use std::net::Ipv6Addr;

use super::names::{address_type, ct_states, ct_statuses, icmp_type, icmpv6_type, protocol};
use crate::types::{AddressType, Data, DataType, Direction, L3, Value};

/// The number of the loopback interface in every network namespace.
const LOOPBACK: u32 = 1;

/// A value.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Ipv4Addr(address) => address.to_string(),
        Value::Ipv6Addr(address) => ipv6(*address),
        Value::EtherAddr(address) => address.map(|octet| format!("{octet:02x}")).join(":"),
        Value::EtherType(number) => ether_type(*number),
        Value::InetProto(number) => protocol(*number),
        Value::InetService(port) => port.to_string(),
        Value::Mark(mark) => format!("0x{mark:08x}"),
        // `nft` prints the names of interfaces that exist; this one exists everywhere.
        Value::IfIndex(LOOPBACK) => "\"lo\"".into(),
        Value::IfIndex(number) | Value::Integer(number) => number.to_string(),
        Value::IfName(name) => format!("\"{name}\""),
        Value::CtState(states) => ct_states(*states),
        Value::CtStatus(facts) => ct_statuses(*facts),
        Value::CtDirection(Direction::Original) => "original".into(),
        Value::CtDirection(Direction::Reply) => "reply".into(),
        Value::NfProto(L3::Ipv4) => "ipv4".into(),
        Value::NfProto(L3::Ipv6) => "ipv6".into(),
        Value::AddressType(AddressType(number)) => address_type(AddressType(*number)),
        Value::IcmpType(number) => icmp_type(*number),
        Value::Icmpv6Type(number) => icmpv6_type(*number),
    }
}

/// An address as `inet_ntop` prints it: one whose last 32 bits only are set looks like IPv4.
fn ipv6(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            format!("::{a}.{b}.{c}.{d}")
        }
        _ => address.to_string(),
    }
}

fn ether_type(number: u16) -> String {
    match number {
        0x0800 => "ip".into(),
        0x0806 => "arp".into(),
        0x86dd => "ip6".into(),
        0x8100 => "8021q".into(),
        other => format!("0x{other:04x}"),
    }
}

/// A concatenation.
pub(super) fn data(data: &Data) -> String {
    let parts: Vec<String> = data.0.iter().map(value).collect();
    parts.join(" . ")
}

/// All values from the first to the last; addresses as a network where they are one.
pub(super) fn range(first: &Value, last: &Value) -> String {
    if first == last {
        return value(first);
    }
    match prefix_length(first, last) {
        Some(len) => format!("{}/{len}", value(first)),
        None => format!("{}-{}", value(first), value(last)),
    }
}

/// The length of the prefix that the addresses from the first to the last have in common, if they are all
/// with it.
fn prefix_length(first: &Value, last: &Value) -> Option<u32> {
    if !matches!(first.data_type(), DataType::Ipv4Addr | DataType::Ipv6Addr) {
        return None;
    }
    let (first, last) = (number(&first.encode()), number(&last.encode()));
    let host = first.0 ^ last.0;
    let network = (host & host.wrapping_add(1)) == 0 && first.0 & host == 0;
    network.then(|| first.1 - (128 - host.leading_zeros()))
}

/// Octets as a number, and their bits.
pub(super) fn number(octets: &[u8]) -> (u128, u32) {
    let number = octets
        .iter()
        .fold(0, |number, octet| number << 8 | u128::from(*octet));
    (number, u32::try_from(octets.len() * 8).unwrap_or_default())
}

/// Concatenations from the first to the last, part by part.
pub(super) fn ranges(first: &Data, last: Option<&Data>) -> String {
    let Some(last) = last else {
        return data(first);
    };
    let parts = first.0.iter().zip(&last.0);
    parts
        .map(|(first, last)| range(first, last))
        .collect::<Vec<_>>()
        .join(" . ")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn v4(a: [u8; 4], b: [u8; 4]) -> String {
        range(&Ipv4Addr::from(a).into(), &Ipv4Addr::from(b).into())
    }

    #[test]
    fn ranges_that_are_networks_are_printed_as_such() {
        assert_eq!(v4([10, 0, 0, 0], [10, 255, 255, 255]), "10.0.0.0/8");
        assert_eq!(v4([0, 0, 0, 0], [255, 255, 255, 255]), "0.0.0.0/0");
        assert_eq!(v4([10, 0, 0, 1], [10, 0, 0, 2]), "10.0.0.1-10.0.0.2");
        assert_eq!(v4([10, 0, 0, 2], [10, 0, 0, 3]), "10.0.0.2/31");
        assert_eq!(range(&Value::from(0), &Value::from(1023)), "0-1023");
    }

    #[test]
    fn addresses_are_printed_as_the_c_library_does() {
        let text = |text: &str| value(&Value::Ipv6Addr(text.parse().expect("address")));
        assert_eq!(text("::1"), "::1");
        assert_eq!(text("::1.2.3.4"), "::1.2.3.4");
        assert_eq!(text("::ffff:1.2.3.4"), "::ffff:1.2.3.4");
    }
}
