//! Expressions that do something with the packet.

use super::register;
use crate::expression::{Expression, LogFlags, NatFlags, Register, Reject};
use crate::netlink::Writer;
use crate::object::Mapped;

/// A register, and the last one of a range.
type Pair = Option<(Register, Option<Register>)>;
/// `NFT_REG_VERDICT`
const VERDICT_REGISTER: u32 = 0;

impl Expression {
    pub(super) fn translation(&self, writer: &mut Writer) {
        match self {
            Self::Nat {
                kind,
                family,
                address,
                port,
                flags,
            } => {
                writer.u32(1, kind.number());
                writer.u32(2, u32::from(family.number()));
                pair(writer, 3, *address);
                pair(writer, 5, *port);
                nat_flags(writer, 7, *flags, *address, *port);
            }
            Self::Masquerade { port, flags } => {
                nat_flags(writer, 1, *flags, None, *port);
                pair(writer, 2, *port);
            }
            Self::Redirect { port, flags } => {
                pair(writer, 1, *port);
                nat_flags(writer, 3, *flags, None, *port);
            }
            _ => {}
        }
    }

    pub(super) fn log(&self, writer: &mut Writer) {
        let Self::Log {
            prefix,
            group,
            snaplen,
            threshold,
            level,
            flags,
        } = self
        else {
            return;
        };
        if let Some(group) = group {
            writer.u16(1, *group);
        }
        if let Some(prefix) = prefix {
            writer.text(2, prefix);
        }
        if let Some(snaplen) = snaplen {
            writer.u32(3, *snaplen);
        }
        if let Some(threshold) = threshold {
            writer.u16(4, *threshold);
        }
        if let Some(level) = level {
            writer.u32(5, *level);
        }
        if *flags != LogFlags::NONE {
            writer.u32(6, flags.0);
        }
    }

    pub(super) fn measure(&self, writer: &mut Writer) {
        match self {
            Self::Counter { packets, bytes } => {
                writer.u64(1, *bytes);
                writer.u64(2, *packets);
            }
            Self::CounterReference { name } => {
                writer.u32(1, crate::object::OBJECT_COUNTER);
                writer.text(2, name);
            }
            Self::Limit {
                rate,
                unit,
                burst,
                bytes,
                over,
            } => {
                writer.u64(1, *rate);
                writer.u64(2, *unit);
                writer.u32(3, *burst);
                writer.u32(4, u32::from(*bytes));
                writer.u32(5, u32::from(*over));
            }
            _ => {}
        }
    }

    pub(super) fn immediate(&self, writer: &mut Writer) {
        match self {
            Self::Immediate { into, data } => {
                register(writer, 1, *into);
                writer.nested(2, |writer| Mapped::Data(data.clone()).encode(writer));
            }
            Self::Verdict(verdict) => {
                writer.u32(1, VERDICT_REGISTER);
                writer.nested(2, |writer| Mapped::Verdict(verdict.clone()).encode(writer));
            }
            _ => {}
        }
    }
}

fn pair(writer: &mut Writer, kind: u16, pair: Pair) {
    let Some((first, last)) = pair else { return };
    register(writer, kind, first);
    if let Some(last) = last {
        register(writer, kind + 1, last);
    }
}

fn nat_flags(writer: &mut Writer, kind: u16, flags: NatFlags, address: Pair, port: Pair) {
    let given = [(address, NatFlags::ADDRESS), (port, NatFlags::PORTS)];
    let given = given.iter().filter(|(pair, _)| pair.is_some());
    let flags = given.fold(flags, |all, (_, flag)| all | *flag);
    if flags != NatFlags::NONE {
        writer.u32(kind, flags.0);
    }
}

pub(super) fn encode_reject(reject: Reject, writer: &mut Writer) {
    let (kind, code) = match reject {
        Reject::Icmp(code) | Reject::Icmpv6(code) => (0, code),
        Reject::TcpReset => (1, 0),
        Reject::Icmpx(code) => (2, code),
    };
    writer.u32(1, kind);
    writer.u8(2, code);
}
