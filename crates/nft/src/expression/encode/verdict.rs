//! `immediate` and `reject`.

use crate::expression::{Expression, Reject, VERDICT_REGISTER};
use crate::netlink::Writer;
use crate::object::Mapped;

impl Expression {
    pub(super) fn immediate(&self, writer: &mut Writer) {
        match self {
            Self::Immediate { into, data } => {
                into.encode(1, writer);
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

pub(super) fn reject(reject: Reject, writer: &mut Writer) {
    // NFT_REJECT_ICMP_UNREACH, NFT_REJECT_TCP_RST, NFT_REJECT_ICMPX_UNREACH
    let (kind, code) = match reject {
        Reject::Icmp(code) | Reject::Icmpv6(code) => (0, code),
        Reject::TcpReset => (1, 0),
        Reject::Icmpx(code) => (2, code),
    };
    writer.u32(1, kind);
    writer.u8(2, code);
}
