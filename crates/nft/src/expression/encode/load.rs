//! Expressions that load values, or store them.

use super::register;
use crate::expression::{Base, Expression};
use crate::netlink::Writer;
use crate::types::Direction;

impl Expression {
    pub(super) fn payload(&self, writer: &mut Writer) {
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

    pub(super) fn known(&self, writer: &mut Writer) {
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

    pub(super) fn computed(&self, writer: &mut Writer) {
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
}

fn place(writer: &mut Writer, base: Base, offset: u32, len: u32) {
    writer.u32(2, base.number());
    writer.u32(3, offset);
    writer.u32(4, len);
}
