//! Entries from netlink messages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::attribute;
use super::entry::{Entry, Layer4, Tuple};
use crate::netlink::{Attributes, Malformed, Message};
use crate::types::CtStatus;

/// An entry; nothing if it has no complete tuples.
pub(crate) fn entry(message: &Message<'_>) -> Result<Option<Entry>, Malformed> {
    let (mut original, mut reply) = (None, None);
    // The kernel leaves out a mark or zone of zero.
    let (mut status, mut mark, mut zone, mut id, mut timeout) = (0, 0, 0, 0, None);
    for one in message.attributes() {
        let one = one?;
        match one.kind {
            attribute::ORIGINAL => original = tuple(one.nested())?,
            attribute::REPLY => reply = tuple(one.nested())?,
            attribute::STATUS => status = one.u32()?,
            // In seconds; left out while a flowtable handles the connection.
            attribute::TIMEOUT => timeout = Some(Duration::from_secs(one.u32()?.into())),
            attribute::MARK => mark = one.u32()?,
            attribute::ID => id = one.u32()?,
            attribute::ZONE => zone = one.u16()?,
            _ => {}
        }
    }
    let (Some(original), Some(reply)) = (original, reply) else {
        return Ok(None);
    };
    Ok(Some(Entry {
        original,
        reply,
        status: CtStatus(status),
        mark,
        timeout,
        zone,
        id,
    }))
}

/// A tuple; nothing if an address or the protocol is missing.
pub(super) fn tuple(attributes: Attributes<'_>) -> Result<Option<Tuple>, Malformed> {
    let (mut addresses, mut layer4) = ((None, None), None);
    for one in attributes {
        let one = one?;
        // `CTA_TUPLE_IP`, `CTA_TUPLE_PROTO`
        match one.kind {
            1 => addresses = self::addresses(one.nested())?,
            2 => layer4 = self::layer4(one.nested())?,
            _ => {}
        }
    }
    let ((Some(source), Some(destination)), Some((protocol, layer4))) = (addresses, layer4) else {
        return Ok(None);
    };
    let tuple = Tuple {
        source,
        destination,
        protocol,
        layer4,
    };
    // Code that matches a tuple relies on one family.
    Ok((source.is_ipv4() == destination.is_ipv4()).then_some(tuple))
}

/// Source and destination.
type Addresses = (Option<IpAddr>, Option<IpAddr>);

fn addresses(attributes: Attributes<'_>) -> Result<Addresses, Malformed> {
    let (mut source, mut destination) = (None, None);
    for one in attributes {
        let one = one?;
        // `enum ctattr_ip`
        match one.kind {
            1 => source = Some(Ipv4Addr::from(one.array::<4>()?).into()),
            2 => destination = Some(Ipv4Addr::from(one.array::<4>()?).into()),
            3 => source = Some(Ipv6Addr::from(one.array::<16>()?).into()),
            4 => destination = Some(Ipv6Addr::from(one.array::<16>()?).into()),
            _ => {}
        }
    }
    Ok((source, destination))
}

/// The protocol's number, and what tells its connections apart.
fn layer4(attributes: Attributes<'_>) -> Result<Option<(u8, Layer4)>, Malformed> {
    let mut protocol = None;
    let mut ports = (None, None);
    let (mut id, mut kind, mut code) = (None, None, None);
    for one in attributes {
        let one = one?;
        // `enum ctattr_l4proto`
        match one.kind {
            1 => protocol = Some(one.u8()?),
            2 => ports.0 = Some(one.u16()?),
            3 => ports.1 = Some(one.u16()?),
            // Of ICMP and of ICMPv6.
            4 | 7 => id = Some(one.u16()?),
            5 | 8 => kind = Some(one.u8()?),
            6 | 9 => code = Some(one.u8()?),
            _ => {}
        }
    }
    let layer4 = match (ports, (id, kind, code)) {
        ((Some(source), Some(destination)), _) => Layer4::Ports { source, destination },
        (_, (Some(id), Some(kind), Some(code))) => Layer4::Icmp { kind, code, id },
        _ => Layer4::None,
    };
    Ok(protocol.map(|protocol| (protocol, layer4)))
}
