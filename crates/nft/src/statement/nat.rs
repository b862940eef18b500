//! Compiles NAT statements.

use std::net::IpAddr;

use super::compile::Compiler;
use super::{InvalidReason, Key, MapUpdate, Nat, NatTarget};
use crate::expression::{DynsetOperation, Expression, NatFlags, Register};
use crate::types::{L3, Value};

/// A register, and the last one of a range.
type Pair = Option<(Register, Option<Register>)>;

impl Compiler {
    pub(super) fn nat(&mut self, nat: &Nat) -> Result<(), InvalidReason> {
        let (address, port) = match &nat.target {
            NatTarget::Address(address, port) => self.constant_target(*address, *port)?,
            NatTarget::Addresses(first, last) => self.address_range(*first, *last)?,
            NatTarget::Map {
                key,
                map,
                port,
                update,
            } => self.mapped_target(nat.family, key, map, *port, update.as_ref())?,
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
        // A register of its own: the expression reads address and port at once.
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
        update: Option<&MapUpdate>,
    ) -> Result<(Pair, Pair), InvalidReason> {
        let first = Register::default();
        // Tests use the first registers, which hold the result of the lookup later on.
        if let Some(update) = update {
            self.establish(&update.key)?;
        }
        self.load(key, first)?;
        // The key is not needed any more, so that the result may overwrite it.
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
        if let Some(update) = update {
            let free = if port { behind.after(4) } else { Some(behind) };
            self.update_map(update, first, free.ok_or(InvalidReason::TooWide)?)?;
        }
        Ok((Some((first, None)), port.then_some((behind, None))))
    }

    fn update_map(
        &mut self,
        update: &MapUpdate,
        data: Register,
        free: Register,
    ) -> Result<(), InvalidReason> {
        self.load(&update.key, free)?;
        self.push(Expression::Dynset {
            set: update.map.clone(),
            operation: DynsetOperation::Update,
            key: free,
            data: Some(data),
            timeout: update.timeout,
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
}
