//! Which entries are wanted.

use std::net::IpAddr;

use super::attribute;
use super::entry::{Entry, Tuple};
use crate::netlink::Writer;
use crate::types::L3;

/// Which entries to list: those that match everything that is given. The kernel filters by family, mark and
/// zone, as far as its version can, so that fewer entries are copied and decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// IPv4 or IPv6.
    pub family: Option<L3>,
    /// The bits of the mark, and which of them count.
    pub mark: Option<(u32, u32)>,
    /// The zone.
    pub zone: Option<u16>,
    /// The number of the transport protocol.
    pub protocol: Option<u8>,
    /// Who began the connection.
    pub original_source: Option<IpAddr>,
    /// Whom they meant.
    pub original_destination: Option<IpAddr>,
    /// The port that they meant.
    pub original_destination_port: Option<u16>,
    /// Who answers: the endpoint behind a translation.
    pub reply_source: Option<IpAddr>,
    /// The port that answers.
    pub reply_source_port: Option<u16>,
}

impl Filter {
    /// All entries.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of a transport protocol.
    pub fn protocol(self, protocol: u8) -> Self {
        Self {
            protocol: Some(protocol),
            ..self
        }
    }

    /// Those whose mark has these bits where the mask has ones.
    pub fn mark(self, mark: u32, mask: u32) -> Self {
        Self {
            mark: Some((mark, mask)),
            ..self
        }
    }

    /// Those that mean a service; any address of the machine if none is given.
    pub fn to_service(self, address: Option<IpAddr>, port: u16) -> Self {
        Self {
            original_destination: address,
            original_destination_port: Some(port),
            ..self
        }
    }

    /// Writes what the kernel filters.
    pub(super) fn encode(&self, writer: &mut Writer) {
        // Without a mask the kernel would compare all bits.
        if let Some((mark, mask)) = self.mark {
            writer.u32(attribute::MARK, mark);
            writer.u32(attribute::MARK_MASK, mask);
        }
        if let Some(zone) = self.zone {
            writer.u16(attribute::ZONE, zone);
        }
    }

    /// Whether the entry matches. Everything is compared: older kernels ignore attributes that they do not
    /// know, and dump more.
    pub(crate) fn matches(&self, entry: &Entry) -> bool {
        let Entry {
            original,
            reply,
            mark,
            zone,
            ..
        } = entry;
        let marked = |(bits, mask): (u32, u32)| mark & mask == bits & mask;
        is(self.family, original.family())
            && self.mark.is_none_or(marked)
            && is(self.zone, *zone)
            && is(self.protocol, original.protocol)
            && is(self.original_source, original.source)
            && is(self.original_destination, original.destination)
            && port(self.original_destination_port, original, Tuple::destination_port)
            && is(self.reply_source, reply.source)
            && port(self.reply_source_port, reply, Tuple::source_port)
    }
}

fn is<T: PartialEq>(wanted: Option<T>, found: T) -> bool {
    wanted.is_none_or(|wanted| wanted == found)
}

fn port(wanted: Option<u16>, tuple: &Tuple, found: fn(&Tuple) -> Option<u16>) -> bool {
    wanted.is_none() || wanted == found(tuple)
}
