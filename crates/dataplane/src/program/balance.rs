//! Rules that spread connections over endpoints, written in the kernel's own expressions: no word of `nft` puts a constant into a key.
//!
//! The endpoints of all chains are in one map, under the two words of a chain's key and a number. What `nft` prints of the rules is no text
//! that it would read, but it prints them: a result of a map must go nowhere but to a translation, since some versions give up on others.

use std::collections::BTreeSet;
use std::time::Duration;

use kinglet_nft::{
    Base, Comparison, Data, DynsetOperation, Expression, L3, Meta, NatFlags, NatKind, Register, Rule,
    Statement, Value,
};

use crate::backend::Backend;
use crate::frame::SetKind;
use crate::identity::Key;

/// The endpoints of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool<'a> {
    pub(super) key: Key,
    pub(super) family: L3,
    /// At least one.
    pub(super) backends: &'a BTreeSet<Backend>,
}

impl Pool<'_> {
    /// The rules of the chain.
    pub(super) fn rules(self, affinity: Option<Duration>) -> Vec<Rule> {
        let mut rules = affinity.map(|timeout| self.sticky(timeout)).unwrap_or_default();
        rules.push(self.spread());
        rules
    }

    /// Translates to the endpoint that the client has; or else to one at random, which the client has from now on. If no more clients can
    /// be remembered, none of these rules applies.
    fn sticky(self, timeout: Duration) -> Vec<Rule> {
        let keep = self.backends.iter().map(|backend| self.keep(*backend, timeout));
        let left = (1..=self.size()).rev();
        let choose = left
            .zip(self.backends)
            .map(|(left, backend)| self.choose(*backend, left, timeout));
        keep.chain(choose).collect()
    }

    /// Translates to an endpoint at random.
    fn spread(self) -> Rule {
        let mut expressions = self.key_into(0).to_vec();
        expressions.extend([
            number(self.size(), 2),
            Expression::MapLookup {
                map: self.set(SetKind::Backends).as_str().into(),
                from: register(0),
                into: register(0),
            },
            self.translate(0),
        ]);
        Rule::new().with(Statement::Raw(expressions))
    }

    /// Translates to an endpoint if it is the client's, and starts the time anew.
    fn keep(self, backend: Backend, timeout: Duration) -> Rule {
        let mut expressions = self.client_of(backend);
        expressions.push(Expression::Lookup {
            set: self.set(SetKind::Affinity).as_str().into(),
            from: register(0),
            inverted: false,
        });
        self.remembered(expressions, timeout)
    }

    /// Translates to an endpoint in one of `left` cases, and makes it the client's.
    fn choose(self, backend: Backend, left: u32, timeout: Duration) -> Rule {
        let mut expressions = vec![
            number(left, 0),
            Expression::Compare {
                from: register(0),
                comparison: Comparison::Equal,
                octets: 0_u32.to_ne_bytes().to_vec(),
            },
        ];
        expressions.extend(self.client_of(backend));
        self.remembered(expressions, timeout)
    }

    /// Remembers the client and the endpoint that the registers hold, and translates.
    fn remembered(self, mut expressions: Vec<Expression>, timeout: Duration) -> Rule {
        expressions.push(Expression::Dynset {
            set: self.set(SetKind::Affinity),
            operation: DynsetOperation::Update,
            key: register(0),
            data: None,
            timeout: Some(timeout),
            expressions: Vec::new(),
        });
        expressions.push(self.translate(self.address_words() + 2));
        Rule::new()
            .is(Meta::NfProto, self.family)
            .with(Statement::Raw(expressions))
    }

    /// The client's address, the chain's key and an endpoint into the registers from 0 on.
    fn client_of(self, backend: Backend) -> Vec<Expression> {
        let (offset, len) = match self.family {
            L3::Ipv4 => (12, 4),
            L3::Ipv6 => (8, 16),
        };
        let words = self.address_words();
        let [high, low] = self.key_into(words);
        let client = Expression::Payload {
            into: register(0),
            base: Base::Network,
            offset,
            len,
        };
        let address = constant(Value::from(backend.address), words + 2);
        let port = constant(Value::from(backend.port), 2 * words + 2);
        vec![client, high, low, address, port]
    }

    /// The chain's key into two registers, a word in each.
    fn key_into(self, index: u32) -> [Expression; 2] {
        let Key { high, low } = self.key;
        [(high, index), (low, index + 1)].map(|(word, index)| constant(Value::Mark(word), index))
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

    fn size(self) -> u32 {
        u32::try_from(self.backends.len()).unwrap_or(u32::MAX)
    }

    fn set(self, kind: SetKind) -> String {
        kind.of(self.family).name()
    }
}

/// A number at random below `modulus` into a register.
fn number(modulus: u32, index: u32) -> Expression {
    Expression::Numgen {
        random: true,
        modulus,
        offset: 0,
        into: register(index),
    }
}

fn constant(value: Value, index: u32) -> Expression {
    Expression::Immediate {
        into: register(index),
        data: Data::from(value),
    }
}

/// All indexes here are below 16.
fn register(index: u32) -> Register {
    Register::new(index).unwrap_or_default()
}
