//! Loads keys into registers.

use super::compile::Compiler;
use super::context::Dependency;
use super::{Field, InvalidReason, Jhash, Key, Meta};
use crate::expression::{Comparison, Expression, Register};

/// `NFT_META_IIFTYPE`
const META_IIFTYPE: u32 = 8;
/// `ARPHRD_ETHER`
const ETHER_DEVICE: u16 = 1;

impl Compiler {
    /// Loads the key into the registers from `into` on; returns the register behind it, if there is one.
    pub(super) fn load(&mut self, key: &Key, into: Register) -> Result<Option<Register>, InvalidReason> {
        self.establish(key)?;
        let mut next = Some(into);
        for field in key.fields() {
            let at = next.ok_or(InvalidReason::TooWide)?;
            self.load_field(field, at)?;
            // Each part begins in a register of its own, as the set's key has it.
            next = at.after(field.data_type().octets());
        }
        Ok(next)
    }

    /// Tests what the fields depend on. This uses registers, so it comes before all loads.
    pub(super) fn establish(&mut self, key: &Key) -> Result<(), InvalidReason> {
        for field in key.fields() {
            for dependency in self.context.require(field)? {
                self.test(dependency);
            }
        }
        Ok(())
    }

    fn test(&mut self, dependency: Dependency) {
        // The first register: tests come before the loads of a statement, which overwrite it.
        let into = Register::default();
        let (key, octets) = match dependency {
            Dependency::NfProto(family) => (Meta::NfProto.number(), vec![family.number()]),
            Dependency::L4Proto(number) => (Meta::L4Proto.number(), vec![number]),
            Dependency::EtherType(number) => (Meta::Protocol.number(), number.to_be_bytes().to_vec()),
            Dependency::EtherDevice => (META_IIFTYPE, ETHER_DEVICE.to_ne_bytes().to_vec()),
        };
        self.push(Expression::Meta { key, into });
        self.push(Expression::Compare {
            from: into,
            comparison: Comparison::Equal,
            octets,
        });
    }

    fn load_field(&mut self, field: &Field, into: Register) -> Result<(), InvalidReason> {
        let expression = match field {
            Field::Header(header) => {
                let (base, offset) = header.place();
                let len = octets(field);
                Expression::Payload {
                    into,
                    base,
                    offset,
                    len,
                }
            }
            Field::Meta(meta) => Expression::Meta {
                key: meta.number(),
                into,
            },
            Field::Ct(ct) => Expression::Ct {
                key: ct.number(),
                direction: ct.direction(),
                into,
            },
            Field::Fib(fib) => Expression::Fib {
                flags: fib.flags,
                result: fib.result,
                into,
            },
            Field::Numgen(numgen) => Expression::Numgen {
                random: numgen.random,
                modulus: numgen.modulus,
                offset: numgen.offset,
                into,
            },
            Field::Symhash(modulus, offset) => Expression::Symhash {
                modulus: *modulus,
                offset: *offset,
                into,
            },
            Field::Jhash(jhash) => return self.load_hash(jhash, into),
        };
        self.push(expression);
        Ok(())
    }

    /// Loads what is hashed, and puts the hash in its place.
    fn load_hash(&mut self, jhash: &Jhash, into: Register) -> Result<(), InvalidReason> {
        // The expression hashes consecutive octets, so that the parts must be in consecutive registers.
        self.load(&jhash.over, into)?;
        let (_, len) = crate::types::concatenation(&jhash.over.types());
        self.push(Expression::Jhash {
            from: into,
            len: u32::try_from(len).map_err(|_| InvalidReason::TooWide)?,
            modulus: jhash.modulus,
            seed: jhash.seed,
            offset: jhash.offset,
            into,
        });
        Ok(())
    }
}

/// Octets of a field.
pub(super) fn octets(field: &Field) -> u32 {
    u32::try_from(field.data_type().octets()).unwrap_or(u32::MAX)
}
