//! `lookup` and `dynset`.

use crate::expression::{Expression, SetReference, VERDICT_REGISTER};
use crate::netlink::Writer;

impl Expression {
    pub(super) fn sets(&self, writer: &mut Writer) {
        match self {
            Self::Lookup { set, from, inverted } => {
                writer.text(1, &set.name);
                from.encode(2, writer);
                set_id(writer, 4, set);
                // NFT_LOOKUP_F_INV
                writer.u32(5, u32::from(*inverted));
            }
            Self::MapLookup { map, from, into } => {
                writer.text(1, &map.name);
                from.encode(2, writer);
                into.encode(3, writer);
                set_id(writer, 4, map);
            }
            Self::VerdictLookup { map, from } => {
                writer.text(1, &map.name);
                from.encode(2, writer);
                // What is written there is the verdict of the rule.
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
        key.encode(4, writer);
        if let Some(data) = data {
            data.encode(5, writer);
        }
        if let Some(timeout) = timeout {
            writer.u64(6, crate::object::milliseconds(*timeout));
        }
        match expressions.as_slice() {
            [] => {}
            // Every kernel knows the attribute for one expression; the list came later.
            [single] => writer.nested(7, |writer| single.encode(writer)),
            several => {
                // NFT_DYNSET_F_EXPR: each new element gets expressions of its own.
                writer.u32(9, 1 << 1);
                writer.nested(10, |writer| {
                    for expression in several {
                        writer.nested(1, |writer| expression.encode(writer));
                    }
                });
            }
        }
    }
}

/// Names a set of the same batch by its number: the kernel makes the name of an anonymous set (`__set%d`)
/// when it adds it.
fn set_id(writer: &mut Writer, kind: u16, set: &SetReference) {
    if let Some(id) = set.id {
        writer.u32(kind, id);
    }
}
