//! Expressions as netlink attributes. The numbers are those of the kernel's `nf_tables.h`, in the order of
//! each `enum`.

mod compare;
mod load;
mod log_limit;
mod nat;
mod sets;
mod verdict;

use super::Expression;
use crate::netlink::Writer;

impl Expression {
    /// Writes the name and the attributes of the expression.
    pub(crate) fn encode(&self, writer: &mut Writer) {
        writer.text(1, self.name());
        writer.nested(2, |writer| self.attributes(writer));
    }

    fn name(&self) -> &'static str {
        match self {
            // The kernel has one expression for both directions: the register that is given tells which one
            // is meant.
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
                self.meta_or_ct(writer);
            }
            Self::Fib { .. } | Self::Numgen { .. } | Self::Jhash { .. } | Self::Symhash { .. } => {
                self.computed(writer);
            }
            Self::Lookup { .. }
            | Self::MapLookup { .. }
            | Self::VerdictLookup { .. }
            | Self::Dynset { .. } => self.sets(writer),
            Self::Nat { .. } | Self::Masquerade { .. } | Self::Redirect { .. } => self.nat(writer),
            Self::Reject(reject) => verdict::reject(*reject, writer),
            Self::Log { .. } => self.log(writer),
            Self::Counter { .. } | Self::CounterReference { .. } | Self::Limit { .. } => {
                self.counter_or_limit(writer);
            }
            Self::Immediate { .. } | Self::Verdict(_) => self.immediate(writer),
            Self::Compare { .. } | Self::Range { .. } => self.compare(writer),
            Self::Bitwise { .. } | Self::Byteorder { .. } => self.convert(writer),
            Self::Notrack => {}
        }
    }
}
