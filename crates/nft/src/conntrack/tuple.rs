//! Tuples as netlink attributes.

use std::net::IpAddr;

use super::entry::{Layer4, Tuple};
use crate::netlink::Writer;

/// `IPPROTO_ICMPV6`
const ICMPV6: u8 = 58;

impl Tuple {
    /// Writes `enum ctattr_tuple`.
    pub(super) fn encode(&self, kind: u16, writer: &mut Writer) {
        writer.nested(kind, |writer| {
            writer.nested(1, |writer| self.encode_addresses(writer));
            writer.nested(2, |writer| self.encode_layer4(writer));
        });
    }

    fn encode_addresses(&self, writer: &mut Writer) {
        let mut address = |address: IpAddr, v4: u16, v6: u16| match address {
            IpAddr::V4(address) => writer.bytes(v4, &address.octets()),
            IpAddr::V6(address) => writer.bytes(v6, &address.octets()),
        };
        // `enum ctattr_ip`: source and destination of IPv4, then of IPv6.
        address(self.source, 1, 3);
        address(self.destination, 2, 4);
    }

    fn encode_layer4(&self, writer: &mut Writer) {
        // `enum ctattr_l4proto`
        writer.u8(1, self.protocol);
        match self.layer4 {
            Layer4::Ports { source, destination } => {
                writer.u16(2, source);
                writer.u16(3, destination);
            }
            Layer4::Icmp { kind, code, id } => {
                // The kernel has attributes of their own for ICMPv6, in the same order.
                let first = if self.protocol == ICMPV6 { 7 } else { 4 };
                writer.u16(first, id);
                writer.u8(first + 1, kind);
                writer.u8(first + 2, code);
            }
            Layer4::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;
    use crate::conntrack::{attribute, decode};
    use crate::netlink::Attributes;

    fn tuple() -> impl Strategy<Value = Tuple> {
        let v4 = any::<(u32, u32)>().prop_map(|(one, other)| {
            (
                IpAddr::from(Ipv4Addr::from(one)),
                IpAddr::from(Ipv4Addr::from(other)),
            )
        });
        let v6 = any::<(u128, u128)>().prop_map(|(one, other)| {
            (
                IpAddr::from(Ipv6Addr::from(one)),
                IpAddr::from(Ipv6Addr::from(other)),
            )
        });
        let layer4 = prop_oneof![
            any::<(u16, u16)>().prop_map(|(source, destination)| Layer4::Ports { source, destination }),
            any::<(u8, u8, u16)>().prop_map(|(kind, code, id)| Layer4::Icmp { kind, code, id }),
            Just(Layer4::None),
        ];
        (prop_oneof![v4, v6], any::<u8>(), layer4).prop_map(|((source, destination), protocol, layer4)| {
            Tuple {
                source,
                destination,
                protocol,
                layer4,
            }
        })
    }

    proptest! {
        #[test]
        fn tuples_are_read_as_they_are_written(tuple in tuple()) {
            let mut writer = Writer::default();
            tuple.encode(attribute::ORIGINAL, &mut writer);
            let written = writer.finish();
            let original = Attributes::new(&written).next().unwrap().unwrap();
            prop_assert_eq!(decode::tuple(original.nested()).unwrap(), Some(tuple));
        }
    }
}
