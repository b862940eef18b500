//! Tuples and changes as netlink attributes.

use std::net::IpAddr;

use super::{Change, Layer4, Tuple};
use crate::netlink::Writer;

/// `enum ctattr_type`
pub(super) mod attribute {
    pub(in crate::conntrack) const ORIGINAL: u16 = 1;
    pub(in crate::conntrack) const REPLY: u16 = 2;
    pub(in crate::conntrack) const STATUS: u16 = 3;
    pub(in crate::conntrack) const TIMEOUT: u16 = 7;
    pub(in crate::conntrack) const MARK: u16 = 8;
    pub(in crate::conntrack) const ID: u16 = 12;
    pub(in crate::conntrack) const ZONE: u16 = 18;
    pub(in crate::conntrack) const MARK_MASK: u16 = 21;
}

/// `IPPROTO_ICMPV6`
const ICMPV6: u8 = 58;

impl Change {
    pub(super) fn encode(&self, writer: &mut Writer) {
        match self {
            Self::Delete(entry) => {
                entry.original.encode(attribute::ORIGINAL, writer);
                zone(entry.zone, writer);
                writer.u32(attribute::ID, entry.id);
            }
            Self::DeleteTuple(original, number) => {
                original.encode(attribute::ORIGINAL, writer);
                zone(*number, writer);
            }
            Self::Mark {
                original,
                zone: number,
                mark,
                mask,
            } => {
                original.encode(attribute::ORIGINAL, writer);
                zone(*number, writer);
                // The kernel clears the bits of the mask and flips those of the mark.
                writer.u32(attribute::MARK, mark & mask);
                writer.u32(attribute::MARK_MASK, *mask);
            }
        }
    }
}

fn zone(zone: u16, writer: &mut Writer) {
    if zone != 0 {
        writer.u16(attribute::ZONE, zone);
    }
}

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
        address(self.source, 1, 3);
        address(self.destination, 2, 4);
    }

    fn encode_layer4(&self, writer: &mut Writer) {
        writer.u8(1, self.protocol);
        match self.layer4 {
            Layer4::Ports { source, destination } => {
                writer.u16(2, source);
                writer.u16(3, destination);
            }
            Layer4::Icmp { kind, code, id } => {
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
    use crate::conntrack::decode;
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

    #[test]
    fn a_mark_is_written_with_its_mask() {
        let address = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
        let change = Change::Mark {
            original: Tuple::new(17, (address(1), 258), (address(2), 53)),
            zone: 3,
            mark: 0xff01,
            mask: 0xff,
        };
        let mut writer = Writer::default();
        change.encode(&mut writer);
        let expected = [
            &[52, 0, 1, 0x80, 20, 0, 1, 0x80][..],
            &[8, 0, 1, 0, 10, 0, 0, 1, 8, 0, 2, 0, 10, 0, 0, 2],
            &[
                28, 0, 2, 0x80, 5, 0, 1, 0, 17, 0, 0, 0, 6, 0, 2, 0, 1, 2, 0, 0, 6, 0, 3, 0, 0, 53, 0, 0,
            ],
            &[6, 0, 18, 0, 0, 3, 0, 0],
            &[8, 0, 8, 0, 0, 0, 0, 1, 8, 0, 21, 0, 0, 0, 0, 0xff],
        ];
        assert_eq!(writer.finish(), expected.concat());
    }
}
