//! `cmp`, `range`, `bitwise` and `byteorder`.

use crate::expression::{BitwiseOperation, ByteOrder, Expression};
use crate::netlink::Writer;

impl Expression {
    pub(super) fn compare(&self, writer: &mut Writer) {
        match self {
            Self::Compare {
                from,
                comparison,
                octets,
            } => {
                from.encode(1, writer);
                writer.u32(2, comparison.number());
                octets_of(writer, 3, octets);
            }
            Self::Range {
                from,
                inverted,
                first,
                last,
            } => {
                from.encode(1, writer);
                writer.u32(2, u32::from(*inverted));
                octets_of(writer, 3, first);
                octets_of(writer, 4, last);
            }
            _ => {}
        }
    }

    pub(super) fn convert(&self, writer: &mut Writer) {
        match self {
            Self::Bitwise {
                from,
                into,
                len,
                operation,
            } => {
                from.encode(1, writer);
                into.encode(2, writer);
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
                from.encode(1, writer);
                into.encode(2, writer);
                // NFT_BYTEORDER_NTOH, NFT_BYTEORDER_HTON
                writer.u32(3, u32::from(*order == ByteOrder::ToNetwork));
                writer.u32(4, *len);
                writer.u32(5, *size);
            }
            _ => {}
        }
    }
}

fn octets_of(writer: &mut Writer, kind: u16, octets: &[u8]) {
    // `NFTA_DATA_VALUE`
    writer.nested(kind, |writer| writer.bytes(1, octets));
}

fn bitwise(writer: &mut Writer, operation: &BitwiseOperation) {
    match operation {
        BitwiseOperation::MaskXor { mask, xor } => {
            // NFT_BITWISE_MASK_XOR is 0 and is not sent: kernels before the shifts know no operation.
            octets_of(writer, 4, mask);
            octets_of(writer, 5, xor);
        }
        BitwiseOperation::ShiftLeft(bits) => shift(writer, 1, *bits),
        BitwiseOperation::ShiftRight(bits) => shift(writer, 2, *bits),
    }
}

fn shift(writer: &mut Writer, operation: u32, bits: u32) {
    writer.u32(6, operation);
    // A number in a register, and so in the order of the host.
    octets_of(writer, 7, &bits.to_ne_bytes());
}
