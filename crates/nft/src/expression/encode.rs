//! Expressions as netlink attributes. The numbers are those of the kernel's `nf_tables.h`, in the order of each `enum`.

use super::{
    Base, BitwiseOperation, ByteOrder, Expression, LogFlags, NatFlags, Register, Reject, SetReference,
};
use crate::netlink::Writer;
use crate::object::Mapped;
use crate::types::Direction;

/// A register, and the last one of a range.
type Pair = Option<(Register, Option<Register>)>;

impl Expression {
    /// Writes the name and the attributes of the expression.
    pub(crate) fn encode(&self, writer: &mut Writer) {
        writer.text(1, self.name());
        writer.nested(2, |writer| self.attributes(writer));
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Payload { .. } | Self::PayloadWrite { .. } => "payload",
            Self::Meta { .. } | Self::MetaSet { .. } => "meta",
            Self::Ct { .. } | Self::CtSet { .. } => "ct",
            Self::Fib { .. } => "fib",
            Self::Lookup { .. } | Self::MapLookup { .. } | Self::VerdictLookup { .. } => "lookup",
            Self::Dynset { .. } => "dynset",
            Self::Numgen { .. } => "numgen",
            Self::Jhash { .. } | Self::Symhash { .. } => "hash",
            Self::Nat { .. } => "nat",
            Self::Masquerade { .. } => "masq",
            Self::Redirect { .. } => "redir",
            Self::Reject(_) => "reject",
            Self::Log { .. } => "log",
            Self::Counter { .. } => "counter",
            Self::CounterReference { .. } => "objref",
            Self::Limit { .. } => "limit",
            Self::Immediate { .. } | Self::Verdict(_) => "immediate",
            Self::Compare { .. } => "cmp",
            Self::Range { .. } => "range",
            Self::Bitwise { .. } => "bitwise",
            Self::Byteorder { .. } => "byteorder",
            Self::Notrack => "notrack",
        }
    }

    fn attributes(&self, writer: &mut Writer) {
        match self {
            Self::Payload { .. } | Self::PayloadWrite { .. } => self.payload(writer),
            Self::Meta { .. } | Self::MetaSet { .. } | Self::Ct { .. } | Self::CtSet { .. } => {
                self.known(writer)
            }
            Self::Fib { .. } | Self::Numgen { .. } | Self::Jhash { .. } | Self::Symhash { .. } => {
                self.computed(writer);
            }
            Self::Lookup { .. }
            | Self::MapLookup { .. }
            | Self::VerdictLookup { .. }
            | Self::Dynset { .. } => self.sets(writer),
            Self::Nat { .. } | Self::Masquerade { .. } | Self::Redirect { .. } => self.translation(writer),
            Self::Reject(reject) => encode_reject(*reject, writer),
            Self::Log { .. } => self.log(writer),
            Self::Counter { .. } | Self::CounterReference { .. } | Self::Limit { .. } => self.measure(writer),
            Self::Immediate { .. } | Self::Verdict(_) => self.immediate(writer),
            Self::Compare { .. } | Self::Range { .. } => self.test(writer),
            Self::Bitwise { .. } | Self::Byteorder { .. } => self.change(writer),
            Self::Notrack => {}
        }
    }

    fn payload(&self, writer: &mut Writer) {
        match self {
            Self::Payload {
                into,
                base,
                offset,
                len,
            } => {
                register(writer, 1, *into);
                place(writer, *base, *offset, *len);
            }
            Self::PayloadWrite {
                from,
                base,
                offset,
                len,
                checksum,
                pseudo_header,
            } => {
                place(writer, *base, *offset, *len);
                register(writer, 5, *from);
                writer.u32(6, u32::from(checksum.is_some()));
                writer.u32(7, checksum.unwrap_or_default());
                writer.u32(8, u32::from(*pseudo_header));
            }
            _ => {}
        }
    }

    fn known(&self, writer: &mut Writer) {
        match self {
            Self::Meta { key, into } => {
                register(writer, 1, *into);
                writer.u32(2, *key);
            }
            Self::MetaSet { key, from } => {
                writer.u32(2, *key);
                register(writer, 3, *from);
            }
            Self::Ct { key, direction, into } => {
                register(writer, 1, *into);
                writer.u32(2, *key);
                if let Some(direction) = direction {
                    writer.u8(3, u8::from(*direction == Direction::Reply));
                }
            }
            Self::CtSet { key, from } => {
                writer.u32(2, *key);
                register(writer, 4, *from);
            }
            _ => {}
        }
    }

    fn computed(&self, writer: &mut Writer) {
        match self {
            Self::Fib { flags, result, into } => {
                register(writer, 1, *into);
                writer.u32(2, result.number());
                writer.u32(3, *flags);
            }
            Self::Numgen {
                random,
                modulus,
                offset,
                into,
            } => {
                register(writer, 1, *into);
                writer.u32(2, *modulus);
                writer.u32(3, u32::from(*random));
                writer.u32(4, *offset);
            }
            _ => self.hash(writer),
        }
    }

    fn hash(&self, writer: &mut Writer) {
        match self {
            Self::Jhash {
                from,
                len,
                modulus,
                seed,
                offset,
                into,
            } => {
                register(writer, 1, *from);
                register(writer, 2, *into);
                writer.u32(3, *len);
                writer.u32(4, *modulus);
                if let Some(seed) = seed {
                    writer.u32(5, *seed);
                }
                writer.u32(6, *offset);
                writer.u32(7, 0);
            }
            Self::Symhash {
                modulus,
                offset,
                into,
            } => {
                register(writer, 2, *into);
                writer.u32(4, *modulus);
                writer.u32(6, *offset);
                writer.u32(7, 1);
            }
            _ => {}
        }
    }

    fn sets(&self, writer: &mut Writer) {
        match self {
            Self::Lookup { set, from, inverted } => {
                writer.text(1, &set.name);
                register(writer, 2, *from);
                set_id(writer, 4, set);
                writer.u32(5, u32::from(*inverted));
            }
            Self::MapLookup { map, from, into } => {
                writer.text(1, &map.name);
                register(writer, 2, *from);
                register(writer, 3, *into);
                set_id(writer, 4, map);
            }
            Self::VerdictLookup { map, from } => {
                writer.text(1, &map.name);
                register(writer, 2, *from);
                writer.u32(3, VERDICT_REGISTER);
                set_id(writer, 4, map);
            }
            _ => self.dynset(writer),
        }
    }

    fn dynset(&self, writer: &mut Writer) {
        let Self::Dynset {
            set,
            operation,
            key,
            data,
            timeout,
            expressions,
        } = self
        else {
            return;
        };
        writer.text(1, set);
        writer.u32(3, operation.number());
        register(writer, 4, *key);
        if let Some(data) = data {
            register(writer, 5, *data);
        }
        if let Some(timeout) = timeout {
            writer.u64(6, crate::object::milliseconds(*timeout));
        }
        match expressions.as_slice() {
            [] => {}
            [single] => writer.nested(7, |writer| single.encode(writer)),
            several => {
                writer.u32(9, 1 << 1);
                writer.nested(10, |writer| {
                    for expression in several {
                        writer.nested(1, |writer| expression.encode(writer));
                    }
                });
            }
        }
    }

    fn translation(&self, writer: &mut Writer) {
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
                nat_flags(writer, 7, *flags, *port);
            }
            Self::Masquerade { port, flags } => {
                nat_flags(writer, 1, *flags, *port);
                pair(writer, 2, *port);
            }
            Self::Redirect { port, flags } => {
                pair(writer, 1, *port);
                nat_flags(writer, 3, *flags, *port);
            }
            _ => {}
        }
    }

    fn log(&self, writer: &mut Writer) {
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

    fn measure(&self, writer: &mut Writer) {
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

    fn immediate(&self, writer: &mut Writer) {
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

    fn test(&self, writer: &mut Writer) {
        match self {
            Self::Compare {
                from,
                comparison,
                octets,
            } => {
                register(writer, 1, *from);
                writer.u32(2, comparison.number());
                octets_of(writer, 3, octets);
            }
            Self::Range {
                from,
                inverted,
                first,
                last,
            } => {
                register(writer, 1, *from);
                writer.u32(2, u32::from(*inverted));
                octets_of(writer, 3, first);
                octets_of(writer, 4, last);
            }
            _ => {}
        }
    }

    fn change(&self, writer: &mut Writer) {
        match self {
            Self::Bitwise {
                from,
                into,
                len,
                operation,
            } => {
                register(writer, 1, *from);
                register(writer, 2, *into);
                writer.u32(3, *len);
                bitwise(writer, operation);
            }
            Self::Byteorder {
                from,
                into,
                order,
                len,
                size,
            } => {
                register(writer, 1, *from);
                register(writer, 2, *into);
                writer.u32(3, u32::from(*order == ByteOrder::ToNetwork));
                writer.u32(4, *len);
                writer.u32(5, *size);
            }
            _ => {}
        }
    }
}

/// `NFT_REG_VERDICT`
const VERDICT_REGISTER: u32 = 0;

fn register(writer: &mut Writer, kind: u16, register: Register) {
    writer.u32(kind, register.number());
}

fn pair(writer: &mut Writer, kind: u16, pair: Pair) {
    let Some((first, last)) = pair else { return };
    register(writer, kind, first);
    if let Some(last) = last {
        register(writer, kind + 1, last);
    }
}

fn nat_flags(writer: &mut Writer, kind: u16, flags: NatFlags, port: Pair) {
    let flags = if port.is_some() {
        flags | NatFlags::PORTS
    } else {
        flags
    };
    if flags != NatFlags::NONE {
        writer.u32(kind, flags.0);
    }
}

fn place(writer: &mut Writer, base: Base, offset: u32, len: u32) {
    writer.u32(2, base.number());
    writer.u32(3, offset);
    writer.u32(4, len);
}

fn set_id(writer: &mut Writer, kind: u16, set: &SetReference) {
    if let Some(id) = set.id {
        writer.u32(kind, id);
    }
}

fn octets_of(writer: &mut Writer, kind: u16, octets: &[u8]) {
    writer.nested(kind, |writer| writer.bytes(1, octets));
}

fn bitwise(writer: &mut Writer, operation: &BitwiseOperation) {
    match operation {
        BitwiseOperation::MaskXor { mask, xor } => {
            octets_of(writer, 4, mask);
            octets_of(writer, 5, xor);
        }
        BitwiseOperation::ShiftLeft(bits) => shift(writer, 1, *bits),
        BitwiseOperation::ShiftRight(bits) => shift(writer, 2, *bits),
    }
}

fn shift(writer: &mut Writer, operation: u32, bits: u32) {
    writer.u32(6, operation);
    octets_of(writer, 7, &bits.to_ne_bytes());
}

fn encode_reject(reject: Reject, writer: &mut Writer) {
    let (kind, code) = match reject {
        Reject::Icmp(code) | Reject::Icmpv6(code) => (0, code),
        Reject::TcpReset => (1, 0),
        Reject::Icmpx(code) => (2, code),
    };
    writer.u32(1, kind);
    writer.u8(2, code);
}
