//! `log`, `counter`, `objref` and `limit`.

use crate::expression::{Expression, LogFlags};
use crate::netlink::Writer;

impl Expression {
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

    pub(super) fn counter_or_limit(&self, writer: &mut Writer) {
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
}
