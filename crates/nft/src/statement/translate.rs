//! Compiles translations, and the sets and marks that rules change.

use std::net::IpAddr;

use super::compile::Compiler;
use super::{Dynset, InvalidReason, Key, Nat, Remember, Source, Statement, Store, Target};
use crate::expression::{BitwiseOperation, DynsetOperation, Expression, NatFlags, Register};
use crate::types::{Data, L3, Value};

/// A register, and the last one of a range.
type Pair = Option<(Register, Option<Register>)>;

/// `NFT_META_MARK`, `NFT_CT_MARK`
const MARK: u32 = 3;

impl Compiler {
    pub(super) fn nat(&mut self, nat: &Nat) -> Result<(), InvalidReason> {
        let (address, port) = match &nat.target {
            Target::Address(address, port) => self.constant_target(*address, *port)?,
            Target::Addresses(first, last) => self.address_range(*first, *last)?,
            Target::Map {
                key,
                map,
                port,
                remember,
            } => self.mapped_target(nat.family, key, map, *port, remember.as_ref())?,
        };
        self.push(Expression::Nat {
            kind: nat.kind,
            family: nat.family,
            address,
            port,
            flags: nat.flags,
        });
        Ok(())
    }

    fn constant_target(&mut self, address: IpAddr, port: Option<u16>) -> Result<(Pair, Pair), InvalidReason> {
        let first = Register::default();
        let next = self.immediate(Value::from(address), first)?;
        let Some(port) = port else {
            return Ok((Some((first, None)), None));
        };
        let at = next.ok_or(InvalidReason::TooWide)?;
        self.immediate(Value::InetService(port), at)?;
        Ok((Some((first, None)), Some((at, None))))
    }

    fn address_range(&mut self, first: IpAddr, last: IpAddr) -> Result<(Pair, Pair), InvalidReason> {
        let at = Register::default();
        let next = self.immediate(Value::from(first), at)?;
        let end = next.ok_or(InvalidReason::TooWide)?;
        self.immediate(Value::from(last), end)?;
        Ok((Some((at, Some(end))), None))
    }

    /// Puts what the map has into the first registers: the address, and the port behind it.
    fn mapped_target(
        &mut self,
        family: L3,
        key: &Key,
        map: &str,
        port: bool,
        remember: Option<&Remember>,
    ) -> Result<(Pair, Pair), InvalidReason> {
        let first = Register::default();
        if let Some(remember) = remember {
            self.establish(&remember.key)?;
        }
        self.load(key, first)?;
        self.push(Expression::MapLookup {
            map: map.into(),
            from: first,
            into: first,
        });
        let len = match family {
            L3::Ipv4 => 4,
            L3::Ipv6 => 16,
        };
        let behind = first.after(len).ok_or(InvalidReason::TooWide)?;
        if let Some(remember) = remember {
            let free = if port { behind.after(4) } else { Some(behind) };
            self.remember(remember, first, free.ok_or(InvalidReason::TooWide)?)?;
        }
        Ok((Some((first, None)), port.then_some((behind, None))))
    }

    fn remember(&mut self, remember: &Remember, data: Register, free: Register) -> Result<(), InvalidReason> {
        self.load(&remember.key, free)?;
        self.push(Expression::Dynset {
            set: remember.map.clone(),
            operation: DynsetOperation::Update,
            key: free,
            data: Some(data),
            timeout: remember.timeout,
            expressions: Vec::new(),
        });
        Ok(())
    }

    pub(super) fn ports(&mut self, ports: Option<(u16, u16)>) -> Result<Pair, InvalidReason> {
        let Some((first, last)) = ports else {
            return Ok(None);
        };
        let at = Register::default();
        let next = self.immediate(Value::InetService(first), at)?;
        if first == last {
            return Ok(Some((at, None)));
        }
        let end = next.ok_or(InvalidReason::TooWide)?;
        self.immediate(Value::InetService(last), end)?;
        Ok(Some((at, Some(end))))
    }

    pub(super) fn masquerade(
        &mut self,
        ports: Option<(u16, u16)>,
        flags: NatFlags,
    ) -> Result<(), InvalidReason> {
        let port = self.ports(ports)?;
        self.push(Expression::Masquerade { port, flags });
        Ok(())
    }

    pub(super) fn redirect(
        &mut self,
        ports: Option<(u16, u16)>,
        flags: NatFlags,
    ) -> Result<(), InvalidReason> {
        let port = self.ports(ports)?;
        self.push(Expression::Redirect { port, flags });
        Ok(())
    }

    pub(super) fn dynset(&mut self, dynset: &Dynset) -> Result<(), InvalidReason> {
        let key = Register::default();
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
    fn immediate(&mut self, value: Value, into: Register) -> Result<Option<Register>, InvalidReason> {
        let next = into.after(value.data_type().octets());
        self.push(Expression::Immediate {
            into,
            data: Data(vec![value]),
        });
        Ok(next)
    }

    pub(super) fn store(&mut self, store: Store, source: &Source) -> Result<(), InvalidReason> {
        let from = Register::default();
        match source {
            Source::Value(value) => {
                self.immediate(Value::Mark(*value), from)?;
            }
            Source::Field(field) => {
                self.load(&field.clone().into(), from)?;
            }
            Source::Map(key, map) => {
                self.load(key, from)?;
                let map = map.as_str().into();
                self.push(Expression::MapLookup {
                    map,
                    from,
                    into: from,
                });
            }
            Source::Bits { field, mask, xor } => {
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
        self.push(match store {
            Store::Mark => Expression::MetaSet { key: MARK, from },
            Store::CtMark => Expression::CtSet { key: MARK, from },
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
