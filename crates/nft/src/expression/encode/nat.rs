//! `nat`, `masq` and `redir`.

use crate::expression::{Expression, NatFlags, Register};
use crate::netlink::Writer;

/// A register, and the last one of a range.
type Pair = Option<(Register, Option<Register>)>;

impl Expression {
    pub(super) fn nat(&self, writer: &mut Writer) {
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
}

fn pair(writer: &mut Writer, kind: u16, pair: Pair) {
    let Some((first, last)) = pair else { return };
    first.encode(kind, writer);
    // Without the last register of a range, the kernel takes the first one for both ends.
    if let Some(last) = last {
        last.encode(kind + 1, writer);
    }
}

/// Writes the flags of the caller, and those that say what is given. Newer kernels set the latter themselves
/// and list them: a comparison would find a difference if they had not been sent.
fn nat_flags(writer: &mut Writer, kind: u16, flags: NatFlags, address: Pair, port: Pair) {
    let given = [(address, NatFlags::ADDRESS), (port, NatFlags::PORTS)];
    let given = given.iter().filter(|(pair, _)| pair.is_some());
    let flags = given.fold(flags, |all, (_, flag)| all | *flag);
    if flags != NatFlags::NONE {
        writer.u32(kind, flags.0);
    }
}
