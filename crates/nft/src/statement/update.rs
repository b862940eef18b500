//! Compiles statements that change sets and marks.

use super::compile::Compiler;
use super::{Dynset, InvalidReason, Mark, MarkSource, Statement};
use crate::expression::{BitwiseOperation, Expression, Register};
use crate::types::{Data, Value};

/// `NFT_META_MARK`, `NFT_CT_MARK`
const MARK: u32 = 3;

impl Compiler {
    pub(super) fn dynset(&mut self, dynset: &Dynset) -> Result<(), InvalidReason> {
        let key = Register::default();
        // The data go behind the key, since the expression needs both at once.
        let behind = self.load(&dynset.key, key)?;
        let data = match &dynset.data {
            Some(data) => Some(self.immediates(data, behind)?),
            None => None,
        };
        let mut expressions = Vec::new();
        for statement in &dynset.statements {
            expressions.push(stateful(statement)?);
        }
        self.push(Expression::Dynset {
            set: dynset.set.clone(),
            operation: dynset.operation,
            key,
            data,
            timeout: dynset.timeout,
            expressions,
        });
        Ok(())
    }

    fn immediates(&mut self, data: &Data, at: Option<Register>) -> Result<Register, InvalidReason> {
        let first = at.ok_or(InvalidReason::TooWide)?;
        let mut next = Some(first);
        for value in &data.0 {
            next = self.immediate(value.clone(), next.ok_or(InvalidReason::TooWide)?)?;
        }
        Ok(first)
    }

    /// Puts a constant into a register; returns the register behind it, if there is one.
    pub(super) fn immediate(
        &mut self,
        value: Value,
        into: Register,
    ) -> Result<Option<Register>, InvalidReason> {
        let next = into.after(value.data_type().octets());
        self.push(Expression::Immediate {
            into,
            data: Data(vec![value]),
        });
        Ok(next)
    }

    pub(super) fn set_mark(&mut self, mark: Mark, source: &MarkSource) -> Result<(), InvalidReason> {
        let from = Register::default();
        match source {
            MarkSource::Value(value) => {
                self.immediate(Value::Mark(*value), from)?;
            }
            MarkSource::Field(field) => {
                self.load(&field.clone().into(), from)?;
            }
            MarkSource::Map(key, map) => {
                self.load(key, from)?;
                let map = map.as_str().into();
                self.push(Expression::MapLookup {
                    map,
                    from,
                    into: from,
                });
            }
            MarkSource::Bits { field, mask, xor } => {
                self.load(&field.clone().into(), from)?;
                self.push(Expression::Bitwise {
                    from,
                    into: from,
                    len: 4,
                    operation: BitwiseOperation::MaskXor {
                        mask: mask.to_ne_bytes().to_vec(),
                        xor: xor.to_ne_bytes().to_vec(),
                    },
                });
            }
        }
        // Marks are numbers in the order of the host, in registers as in packets.
        self.push(match mark {
            Mark::Meta => Expression::MetaSet { key: MARK, from },
            Mark::Ct => Expression::CtSet { key: MARK, from },
        });
        Ok(())
    }
}

/// The expression of a statement that an element can keep.
fn stateful(statement: &Statement) -> Result<Expression, InvalidReason> {
    match statement {
        Statement::Counter => Ok(Expression::Counter { packets: 0, bytes: 0 }),
        Statement::Limit(limit) => Ok(limit.expression()),
        _ => Err(InvalidReason::Stateless),
    }
}
