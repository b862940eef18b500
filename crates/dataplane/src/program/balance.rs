//! Rules that spread connections over endpoints, written in the kernel's own expressions: no word of `nft` puts a constant into a key.
//!
//! The endpoints of all chains are in one map, under the two words of a chain's key and a number.

use std::time::Duration;

use kinglet_nft::{
    Base, Data, DynsetOperation, Expression, L3, NatFlags, NatKind, Register, Rule, Statement, Value,
};

use crate::frame::SetKind;
use crate::identity::Key;

/// Where a key with the client begins, clear of the widest endpoint with the key before it.
const CLIENT: u32 = 8;

/// The endpoints of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    pub(super) key: Key,
    pub(super) family: L3,
    /// How many there are, at least one.
    pub(super) size: u32,
}

impl Pool {
    /// The rules of the chain.
    pub(super) fn rules(self, affinity: Option<Duration>) -> Vec<Rule> {
        match affinity {
            None => vec![self.spread()],
            Some(timeout) => vec![self.keep(timeout), self.choose(timeout), self.spread()],
        }
    }

    /// Translates to an endpoint at random.
    fn spread(self) -> Rule {
        let mut expressions = self.pick();
        expressions.push(self.translate(0));
        raw(expressions)
    }

    /// Translates to the endpoint that the client has, if it is still one, and starts the time anew.
    fn keep(self, timeout: Duration) -> Rule {
        let mut expressions = self.client();
        expressions.extend(self.key_into(0));
        expressions.extend([
            Expression::MapLookup {
                map: self.set(SetKind::Affinity).as_str().into(),
                from: register(CLIENT),
                into: register(2),
            },
            Expression::Lookup {
                set: self.set(SetKind::Keepable).as_str().into(),
                from: register(0),
                inverted: false,
            },
            self.remember(DynsetOperation::Update, Some(2), Some(timeout)),
            self.translate(2),
        ]);
        raw(expressions)
    }

    /// Translates to an endpoint at random, which the client has from now on. An update would leave the endpoint that it had.
    fn choose(self, timeout: Duration) -> Rule {
        let mut expressions = self.client();
        expressions.push(self.remember(DynsetOperation::Delete, None, None));
        expressions.extend(self.pick());
        expressions.push(self.remember(DynsetOperation::Update, Some(0), Some(timeout)));
        expressions.push(self.translate(0));
        raw(expressions)
    }

    /// An endpoint's address and port into the registers from 0 on.
    fn pick(self) -> Vec<Expression> {
        let mut expressions = self.key_into(0).to_vec();
        expressions.extend([
            Expression::Numgen {
                random: true,
                modulus: self.size,
                offset: 0,
                into: register(2),
            },
            Expression::MapLookup {
                map: self.set(SetKind::Backends).as_str().into(),
                from: register(0),
                into: register(0),
            },
        ]);
        expressions
    }

    /// The client's address and the chain's key into the registers from `CLIENT` on.
    fn client(self) -> Vec<Expression> {
        let (offset, len) = match self.family {
            L3::Ipv4 => (12, 4),
            L3::Ipv6 => (8, 16),
        };
        let address = Expression::Payload {
            into: register(CLIENT),
            base: Base::Network,
            offset,
            len,
        };
        let [high, low] = self.key_into(CLIENT + self.address_words());
        vec![address, high, low]
    }

    /// The chain's key into two registers, a word in each, as `nft` wants to print it.
    fn key_into(self, index: u32) -> [Expression; 2] {
        let Key { high, low } = self.key;
        [(high, index), (low, index + 1)].map(|(word, index)| Expression::Immediate {
            into: register(index),
            data: Data::from(Value::Mark(word)),
        })
    }

    /// Changes what is known of the client. The endpoint is in the registers from `endpoint` on.
    fn remember(
        self,
        operation: DynsetOperation,
        endpoint: Option<u32>,
        timeout: Option<Duration>,
    ) -> Expression {
        Expression::Dynset {
            set: self.set(SetKind::Affinity),
            operation,
            key: register(CLIENT),
            data: endpoint.map(register),
            timeout,
            expressions: Vec::new(),
        }
    }

    /// Translates to the address and port in the registers from `index` on.
    fn translate(self, index: u32) -> Expression {
        Expression::Nat {
            kind: NatKind::Destination,
            family: self.family,
            address: Some((register(index), None)),
            port: Some((register(index + self.address_words()), None)),
            flags: NatFlags::NONE,
        }
    }

    fn address_words(self) -> u32 {
        match self.family {
            L3::Ipv4 => 1,
            L3::Ipv6 => 4,
        }
    }

    fn set(self, kind: SetKind) -> String {
        kind.of(self.family).name()
    }
}

/// All indexes here are below 16.
fn register(index: u32) -> Register {
    Register::new(index).unwrap_or_default()
}

fn raw(expressions: Vec<Expression>) -> Rule {
    Rule::new().with(Statement::Raw(expressions))
}
