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
    /// A comparison: the rule ends if it does not hold.
    Match(Match),
    /// The verdict that a named map has for the key (`vmap @…`).
    VerdictMap(Key, String),
    /// The verdict that elements of the rule have for the key (`vmap { … }`).
    VerdictElements(Key, Vec<Element>),
    /// A verdict.
    Verdict(Verdict),
    /// Counts packets and octets.
    Counter,
    /// Counts packets and octets with a named counter.
    NamedCounter(String),
    /// Logs the packet.
    Log(Log),
    /// The rule ends for what exceeds a rate.
    Limit(Limit),
    /// Drops the packet and sends an ICMP error or a TCP reset.
    Reject(Reject),
    /// Translates the source or the destination.
    Nat(Nat),
    /// Translates the source to the address of the outgoing interface, with ports of a range if one is given.
    Masquerade(Option<(u16, u16)>, NatFlags),
    /// Translates the destination to this machine, with a port of a range if one is given.
    Redirect(Option<(u16, u16)>, NatFlags),
    /// Adds an element to a set or map, or deletes it.
    Dynset(Dynset),
    /// Sets the mark of the packet or of its connection.
    SetMark(Mark, MarkSource),
    /// Exempts from connection tracking.
    Notrack,
    /// Expressions as they are. They may use all registers, and other statements know nothing of them. Their
    /// text is not what `nft` prints.
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
    pub target: NatTarget,
    /// How addresses and ports are chosen.
    pub flags: NatFlags,
}

/// What an end of a connection is translated to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatTarget {
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
        /// A map to which the result is added.
        update: Option<MapUpdate>,
    },
}

/// Adds the result of a map lookup to another map, or restarts the timeout there. `nft` has no syntax for
/// this: only the kernel can. Version 1.0.6 of `nft`, which Debian 12 has, aborts when it lists a chain with
/// such a rule; the rule itself works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapUpdate {
    /// The key of the new element.
    pub key: Key,
    /// The name of the map, which must be dynamic and have data of the same types.
    pub map: String,
    /// When the element expires; the map's timeout if there is none.
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
    /// When the element expires; the set's timeout if there is none.
    pub timeout: Option<Duration>,
    /// Statements that the element keeps: counters and limits.
    pub statements: Vec<Statement>,
}

/// A mark that a rule can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The packet's mark (`meta mark`).
    Meta,
    /// The connection's mark (`ct mark`).
    Ct,
}

/// What a mark is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkSource {
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
