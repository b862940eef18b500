//! The statements.

use std::time::Duration;

use ipnet::IpNet;

use super::{Field, Key, Limit, Log};
use crate::expression::{DynsetOperation, Expression, NatFlags, NatKind, Reject};
use crate::object::Element;
use crate::types::{Data, L3, Value, Verdict};

/// A statement of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Goes on if a comparison holds.
    Match(Match),
    /// Decides by a named verdict map.
    VerdictMap(Key, String),
    /// Decides by elements that are part of the rule.
    VerdictElements(Key, Vec<Element>),
    /// Decides.
    Verdict(Verdict),
    /// Counts.
    Counter,
    /// Counts with a named counter.
    NamedCounter(String),
    /// Reports.
    Log(Log),
    /// Goes on at a limited rate.
    Limit(Limit),
    /// Drops and tells the sender.
    Reject(Reject),
    /// Translates the source or the destination.
    Nat(Nat),
    /// Translates the source to the address of the outgoing interface, with ports of a range if one is given.
    Masquerade(Option<(u16, u16)>, NatFlags),
    /// Translates the destination to this machine, with a port of a range if one is given.
    Redirect(Option<(u16, u16)>, NatFlags),
    /// Changes a set.
    Dynset(Dynset),
    /// Sets a mark or a header field.
    Set(Store, Source),
    /// Exempts from connection tracking.
    Notrack,
    /// Expressions as they are; they may use all registers, and nothing of them is known to other statements.
    /// Not rendered as `nft` does.
    Raw(Vec<Expression>),
}

/// A comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What is looked at.
    pub left: Key,
    /// The bits of a single field that are looked at; all if there is none.
    pub mask: Option<Value>,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub right: Right,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal to the value; within the range, network or set; any of the bits is set.
    Is,
    /// The opposite of [`Is`](Self::Is).
    IsNot,
    /// Less than the value.
    Less,
    /// Less than the value or equal to it.
    AtMost,
    /// Greater than the value.
    Greater,
    /// Greater than the value or equal to it.
    AtLeast,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    /// A value.
    Value(Data),
    /// All values from the first to the last, both included.
    Range(Value, Value),
    /// The addresses of a network.
    Network(IpNet),
    /// Bits of which any may be set.
    Bits(Value),
    /// Names of interfaces that start with this.
    NamePrefix(String),
    /// The elements of a named set.
    Set(String),
    /// Elements that are part of the rule.
    Elements(Vec<Element>),
}

/// A translation (`snat`, `dnat`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nat {
    /// Which end.
    pub kind: NatKind,
    /// The family of the address.
    pub family: L3,
    /// To what.
    pub target: Target,
    /// How addresses and ports are chosen.
    pub flags: NatFlags,
}

/// What an end of a connection is translated to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An address, with a port if one is given.
    Address(std::net::IpAddr, Option<u16>),
    /// One of the addresses from the first to the last.
    Addresses(std::net::IpAddr, std::net::IpAddr),
    /// What a named map has for the key, an address or an address and a port; the rule does not match if it
    /// has nothing.
    Map {
        /// The key.
        key: Key,
        /// The map's name.
        map: String,
        /// The map's data has a port.
        port: bool,
        /// Where the choice is remembered.
        remember: Option<Remember>,
    },
}

/// Remembers what a map gave in another map, or restarts the time-out there. `nft` has no words for this:
/// only the kernel can. Version 1.0.6 of `nft`, which Debian 12 has, aborts when it lists a chain with such a
/// rule; nothing else is wrong then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remember {
    /// The key under which it is remembered.
    pub key: Key,
    /// The name of the map, which must be dynamic and have data of the same types.
    pub map: String,
    /// How long; the map's time-out if there is none.
    pub timeout: Option<Duration>,
}

/// A change of a set by a rule (`update @set { … }`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dynset {
    /// What is done.
    pub operation: DynsetOperation,
    /// The set's name; it must be dynamic.
    pub set: String,
    /// The element's key.
    pub key: Key,
    /// What the element of a map leads to.
    pub data: Option<Data>,
    /// When the element expires; the set's time-out if there is none.
    pub timeout: Option<Duration>,
    /// Statements that the element keeps: counters and limits.
    pub statements: Vec<Statement>,
}

/// What a rule can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Store {
    /// The packet's mark.
    Mark,
    /// The connection's mark.
    CtMark,
}

/// What it is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A value.
    Value(u32),
    /// What a field has.
    Field(Field),
    /// What a named map has for the key, a mark; the rule does not match if it has nothing.
    Map(Key, String),
    /// `(field & mask) ^ xor`: `mask` keeps bits; to set bits, keep all others and flip them.
    Bits {
        /// The field.
        field: Field,
        /// The bits that are kept.
        mask: u32,
        /// The bits that are flipped.
        xor: u32,
    },
}

impl From<Match> for Statement {
    fn from(one: Match) -> Self {
        Self::Match(one)
    }
}

impl From<Log> for Statement {
    fn from(log: Log) -> Self {
        Self::Log(log)
    }
}

impl From<Limit> for Statement {
    fn from(limit: Limit) -> Self {
        Self::Limit(limit)
    }
}

impl From<Nat> for Statement {
    fn from(nat: Nat) -> Self {
        Self::Nat(nat)
    }
}

impl From<Dynset> for Statement {
    fn from(dynset: Dynset) -> Self {
        Self::Dynset(dynset)
    }
}

impl From<Verdict> for Statement {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(verdict)
    }
}
