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
