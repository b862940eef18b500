//! Chains for `sessionAffinity: ClientIP`, written in the kernel's expressions: the syntax of `nft` cannot
//! put a constant into a key.
//!
//! `nft` prints these rules, but could not read what it prints. The endpoint of a client is a part of a set's
//! key, not the data of a map: some versions of `nft` fail on rules that use the data of a map for anything
//! but a translation, and then list no table of the machine at all.

use std::time::Duration;

use kinglet_nft::{
    Base, Comparison, Data, DynsetOperation, Expression, L3, Meta, NatFlags, NatKind, Register, Rule,
    Statement, Value,
};

use super::objects::{Body, Objects};
use crate::backend::{Backend, layer3};
use crate::identity::{Key, Role};
use crate::plan::PortPlan;
use crate::table::SetKind;

impl Objects {
    /// The chain that translates to the endpoint that the client has; or else to a random one, which the
    /// client has from now on; or, if the set of clients is full, to a random one without affinity.
    pub(super) fn affinity(&mut self, port: &PortPlan, role: Role, timeout: Duration) -> String {
        let chain = AffinityChain {
            key: port.id.key(role),
            family: layer3(port.id.family),
            timeout,
        };
        let pool = port.pool(role);
        // One in n for the first of n endpoints, one in n - 1 for the next: all are equally likely.
        let left = || (1..=port.pool_size(role)).rev();
        let mut rules: Vec<Rule> = pool.iter().map(|backend| chain.known_client(*backend)).collect();
        rules.extend(
            left()
                .zip(pool)
                .map(|(left, backend)| chain.new_client(*backend, left)),
        );
        rules.extend(
            left()
                .zip(pool)
                .map(|(left, backend)| chain.without_affinity(*backend, left)),
        );
        let comment = Some(port.id.comment());
        let name = port.id.chain(role);
        self.chains.insert(name.clone(), Body { comment, rules });
        name
    }
}

/// The chain of a port with session affinity.
#[derive(Clone, Copy)]
struct AffinityChain {
    key: Key,
    family: L3,
    timeout: Duration,
}

impl AffinityChain {
    /// Translates to an endpoint if it is the client's, and restarts the timeout.
    fn known_client(self, backend: Backend) -> Rule {
        let mut expressions = self.client_of(backend);
        expressions.push(Expression::Lookup {
            set: self.set().as_str().into(),
            from: register(0),
            inverted: false,
        });
        expressions.extend([self.set_affinity(), self.translate()]);
        self.rule(expressions)
    }

    /// Translates to an endpoint in one of `left` cases, and makes it the client's.
    fn new_client(self, backend: Backend, left: u32) -> Rule {
        let mut expressions = one_of(left).to_vec();
        expressions.extend(self.client_of(backend));
        expressions.extend([self.set_affinity(), self.translate()]);
        self.rule(expressions)
    }

    /// Translates to an endpoint in one of `left` cases.
    fn without_affinity(self, backend: Backend, left: u32) -> Rule {
        let mut expressions = one_of(left).to_vec();
        expressions.extend(self.client_of(backend));
        expressions.push(self.translate());
        self.rule(expressions)
    }

    fn rule(self, expressions: Vec<Expression>) -> Rule {
        Rule::new()
            .is(Meta::NfProto, self.family)
            .with(Statement::Raw(expressions))
    }

    /// The client's address, the chain's key and an endpoint into the registers from 0 on.
    fn client_of(self, backend: Backend) -> Vec<Expression> {
        // The source address in the header (RFC 791, RFC 8200).
        let (offset, len) = match self.family {
            L3::Ipv4 => (12, 4),
            L3::Ipv6 => (8, 16),
        };
        let words = self.address_words();
        let Key { high, low } = self.key;
        vec![
            Expression::Payload {
                into: register(0),
                base: Base::Network,
                offset,
                len,
            },
            constant(Value::Mark(high), words),
            constant(Value::Mark(low), words + 1),
            constant(Value::from(backend.address), words + 2),
            constant(Value::from(backend.port), 2 * words + 2),
        ]
    }

    /// Writes down the client and the endpoint, or restarts the timeout; the kernel breaks off the rule if
    /// the set is full.
    fn set_affinity(self) -> Expression {
        Expression::Dynset {
            set: self.set(),
            operation: DynsetOperation::Update,
            key: register(0),
            data: None,
            timeout: Some(self.timeout),
            expressions: Vec::new(),
        }
    }

    /// Translates to the endpoint.
    fn translate(self) -> Expression {
        let words = self.address_words();
        Expression::Nat {
            kind: NatKind::Destination,
            family: self.family,
            address: Some((register(words + 2), None)),
            port: Some((register(2 * words + 2), None)),
            flags: NatFlags::NONE,
        }
    }

    fn address_words(self) -> u32 {
        match self.family {
            L3::Ipv4 => 1,
            L3::Ipv6 => 4,
        }
    }

    fn set(self) -> String {
        SetKind::Affinity.of(self.family).name()
    }
}

/// Lets the rule go on in one of `cases` cases.
fn one_of(cases: u32) -> [Expression; 2] {
    let number = Expression::Numgen {
        random: true,
        modulus: cases,
        offset: 0,
        into: register(0),
    };
    let is_zero = Expression::Compare {
        from: register(0),
        comparison: Comparison::Equal,
        // `numgen` writes numbers in the host's byte order.
        octets: 0_u32.to_ne_bytes().to_vec(),
    };
    [number, is_zero]
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
