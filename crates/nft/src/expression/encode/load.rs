//! `payload`, `meta`, `ct`, `fib`, `numgen` and `hash`: expressions that load values into registers, or store
//! them from there.

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
                into.encode(1, writer);
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
                from.encode(5, writer);
                // NFT_PAYLOAD_CSUM_INET: the kernel corrects the checksum by the difference of the octets.
                writer.u32(6, u32::from(checksum.is_some()));
                writer.u32(7, checksum.unwrap_or_default());
                // `NFT_PAYLOAD_L4CSUM_PSEUDOHDR`: checksums of TCP and UDP cover the addresses (RFC 9293,
                // 3.1; RFC 768), so that theirs must be corrected with the header's.
                writer.u32(8, u32::from(*pseudo_header));
            }
            _ => {}
        }
    }

    pub(super) fn meta_or_ct(&self, writer: &mut Writer) {
        match self {
            Self::Meta { key, into } => {
                into.encode(1, writer);
                writer.u32(2, *key);
            }
            Self::MetaSet { key, from } => {
                writer.u32(2, *key);
                from.encode(3, writer);
            }
            Self::Ct { key, direction, into } => {
                into.encode(1, writer);
                writer.u32(2, *key);
                // The kernel refuses a direction for keys that have none, such as the state.
                if let Some(direction) = direction {
                    writer.u8(3, u8::from(*direction == Direction::Reply));
                }
            }
            Self::CtSet { key, from } => {
                writer.u32(2, *key);
                from.encode(4, writer);
            }
            _ => {}
        }
    }

    pub(super) fn computed(&self, writer: &mut Writer) {
        match self {
            Self::Fib { flags, result, into } => {
                into.encode(1, writer);
                writer.u32(2, result.number());
                writer.u32(3, *flags);
            }
            Self::Numgen {
                random,
                modulus,
                offset,
                into,
            } => {
                into.encode(1, writer);
                writer.u32(2, *modulus);
                // NFT_NG_INCREMENTAL, NFT_NG_RANDOM
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
                from.encode(1, writer);
                into.encode(2, writer);
                writer.u32(3, *len);
                writer.u32(4, *modulus);
                // Without a seed the kernel draws one, so that nobody can choose ports for one endpoint.
                if let Some(seed) = seed {
                    writer.u32(5, *seed);
                }
                writer.u32(6, *offset);
                // NFT_HASH_JENKINS
                writer.u32(7, 0);
            }
            Self::Symhash {
                modulus,
                offset,
                into,
            } => {
                into.encode(2, writer);
                writer.u32(4, *modulus);
                writer.u32(6, *offset);
                // NFT_HASH_SYM: has no source register, since it hashes the tuple of the packet.
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
