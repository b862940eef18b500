//! The methods by which rules are written.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::{
    Ct, Dynset, Fib, Field, Header, Key, Limit, Log, Match, Meta, Nat, Operator, Right, Source, Statement,
    Store, Target,
};
use crate::expression::{DynsetOperation, NatFlags, NatKind, Reject};
use crate::object::{Element, Rule};
use crate::types::{AddressType, CtState, CtStatus, Data, L3, Value, Verdict};

/// Comparisons. The rule goes on if they hold.
impl Rule {
    fn compare(self, left: impl Into<Key>, operator: Operator, right: Right) -> Self {
        self.with(Match {
            left: left.into(),
            mask: None,
            operator,
            right,
        })
    }

    /// The field has this value.
    pub fn is(self, field: impl Into<Field>, value: impl Into<Value>) -> Self {
        self.compare(field.into(), Operator::Is, Right::Value(Data(vec![value.into()])))
    }

    /// The field has another value.
    pub fn is_not(self, field: impl Into<Field>, value: impl Into<Value>) -> Self {
        self.compare(
            field.into(),
            Operator::IsNot,
            Right::Value(Data(vec![value.into()])),
        )
    }

    /// The field is less or greater than the value.
    pub fn ordered(self, field: impl Into<Field>, operator: Operator, value: impl Into<Value>) -> Self {
        self.compare(field.into(), operator, Right::Value(Data(vec![value.into()])))
    }

    /// The field is in the range, whose ends are included.
    pub fn between(self, field: impl Into<Field>, first: impl Into<Value>, last: impl Into<Value>) -> Self {
        self.compare(
            field.into(),
            Operator::Is,
            Right::Range(first.into(), last.into()),
        )
    }

    /// The field is outside the range, whose ends are included in it.
    pub fn outside(self, field: impl Into<Field>, first: impl Into<Value>, last: impl Into<Value>) -> Self {
        self.compare(
            field.into(),
            Operator::IsNot,
            Right::Range(first.into(), last.into()),
        )
    }

    /// The address is in the network.
    pub fn within(self, field: impl Into<Field>, network: impl Into<IpNet>) -> Self {
        self.compare(field.into(), Operator::Is, Right::Network(network.into()))
    }

    /// The address is not in the network.
    pub fn not_within(self, field: impl Into<Field>, network: impl Into<IpNet>) -> Self {
        self.compare(field.into(), Operator::IsNot, Right::Network(network.into()))
    }

    /// Any of the bits is set.
    pub fn any_bit(self, field: impl Into<Field>, bits: impl Into<Value>) -> Self {
        self.compare(field.into(), Operator::Is, Right::Bits(bits.into()))
    }

    /// None of the bits is set.
    pub fn no_bit(self, field: impl Into<Field>, bits: impl Into<Value>) -> Self {
        self.compare(field.into(), Operator::IsNot, Right::Bits(bits.into()))
    }

    /// The bits of the mask have this value.
    pub fn masked(
        self,
        field: impl Into<Field>,
        mask: impl Into<Value>,
        operator: Operator,
        value: impl Into<Value>,
    ) -> Self {
        self.with(Match {
            left: field.into().into(),
            mask: Some(mask.into()),
            operator,
            right: Right::Value(Data(vec![value.into()])),
        })
    }

    /// The set has the key.
    pub fn in_set(self, key: impl Into<Key>, set: impl Into<String>) -> Self {
        self.compare(key, Operator::Is, Right::Set(set.into()))
    }

    /// The set does not have the key.
    pub fn not_in_set(self, key: impl Into<Key>, set: impl Into<String>) -> Self {
        self.compare(key, Operator::IsNot, Right::Set(set.into()))
    }

    /// The key is one of these elements.
    pub fn one_of<E: Into<Element>>(
        self,
        key: impl Into<Key>,
        elements: impl IntoIterator<Item = E>,
    ) -> Self {
        let elements = elements.into_iter().map(Into::into).collect();
        self.compare(key, Operator::Is, Right::Elements(elements))
    }

    /// The key is none of these elements.
    pub fn none_of<E: Into<Element>>(
        self,
        key: impl Into<Key>,
        elements: impl IntoIterator<Item = E>,
    ) -> Self {
        let elements = elements.into_iter().map(Into::into).collect();
        self.compare(key, Operator::IsNot, Right::Elements(elements))
    }

    /// The interface's name starts with this.
    pub fn name_prefix(self, field: Meta, prefix: impl Into<String>) -> Self {
        self.compare(field, Operator::Is, Right::NamePrefix(prefix.into()))
    }

    /// The interface's name does not start with this.
    pub fn not_name_prefix(self, field: Meta, prefix: impl Into<String>) -> Self {
        self.compare(field, Operator::IsNot, Right::NamePrefix(prefix.into()))
    }

    /// The packet puts its connection into any of these states.
    pub fn ct_state(self, states: CtState) -> Self {
        self.any_bit(Ct::State, states)
    }

    /// Any of these facts is known of the connection.
    pub fn ct_status(self, facts: CtStatus) -> Self {
        self.any_bit(Ct::Status, facts)
    }

    /// None of these facts is known of the connection.
    pub fn ct_status_not(self, facts: CtStatus) -> Self {
        self.no_bit(Ct::Status, facts)
    }

    /// The connection's mark has any of these bits.
    pub fn ct_mark_bit(self, bits: u32) -> Self {
        self.masked(Ct::Mark, Value::Mark(bits), Operator::IsNot, Value::Mark(0))
    }

    /// The destination is an address of this machine.
    pub fn to_local(self) -> Self {
        self.is(Fib::DADDR_TYPE, AddressType::LOCAL)
    }

    /// The transport protocol is this one; one of [`Value::TCP`] and its like.
    pub fn l4proto(self, protocol: Value) -> Self {
        self.is(Meta::L4Proto, protocol)
    }

    /// The source address is this one.
    pub fn saddr(self, address: IpAddr) -> Self {
        self.is(Header::saddr(family(address)), address)
    }

    /// The destination address is this one.
    pub fn daddr(self, address: IpAddr) -> Self {
        self.is(Header::daddr(family(address)), address)
    }
}

/// Decisions.
impl Rule {
    /// Decides by a named verdict map; goes on if it does not have the key.
    pub fn vmap(self, key: impl Into<Key>, map: impl Into<String>) -> Self {
        self.with(Statement::VerdictMap(key.into(), map.into()))
    }

    /// Decides by elements that are part of the rule.
    pub fn vmap_of(self, key: impl Into<Key>, elements: impl IntoIterator<Item = Element>) -> Self {
        let elements = elements.into_iter().collect();
        self.with(Statement::VerdictElements(key.into(), elements))
    }

    /// Lets the packet pass this base chain.
    pub fn accept(self) -> Self {
        self.with(Verdict::Accept)
    }

    /// Drops the packet.
    pub fn drop(self) -> Self {
        self.with(Verdict::Drop)
    }

    /// Goes back to the chain before.
    pub fn returns(self) -> Self {
        self.with(Verdict::Return)
    }

    /// Jumps to a chain.
    pub fn jump(self, chain: impl Into<String>) -> Self {
        self.with(Verdict::jump(chain))
    }

    /// Goes to a chain, not to return here.
    pub fn goto(self, chain: impl Into<String>) -> Self {
        self.with(Verdict::goto(chain))
    }

    /// Drops the packet and tells its sender.
    pub fn reject(self, how: Reject) -> Self {
        self.with(Statement::Reject(how))
    }
}

/// Translations; in chains of type nat.
impl Rule {
    /// Translates the destination to an address, and a port if one is given.
    pub fn dnat(self, address: IpAddr, port: Option<u16>) -> Self {
        self.with(Nat {
            kind: NatKind::Destination,
            family: family(address),
            target: Target::Address(address, port),
            flags: NatFlags::NONE,
        })
    }

    /// Translates the destination to the address and port that a map has for the key.
    pub fn dnat_map(self, family: L3, key: impl Into<Key>, map: impl Into<String>) -> Self {
        self.with(Nat {
            kind: NatKind::Destination,
            family,
            target: Target::Map {
                key: key.into(),
                map: map.into(),
                port: true,
                remember: None,
            },
            flags: NatFlags::NONE,
        })
    }

    /// Translates the destination to the address and port that a map has for the key, and remembers them in another map (or restarts the
    /// time-out there).
    pub fn dnat_map_remembered(
        self,
        family: L3,
        key: impl Into<Key>,
        map: impl Into<String>,
        remember: super::Remember,
    ) -> Self {
        self.with(Nat {
            kind: NatKind::Destination,
            family,
            target: Target::Map {
                key: key.into(),
                map: map.into(),
                port: true,
                remember: Some(remember),
            },
            flags: NatFlags::NONE,
        })
    }

    /// Translates the source to an address.
    pub fn snat(self, address: IpAddr) -> Self {
        self.with(Nat {
            kind: NatKind::Source,
            family: family(address),
            target: Target::Address(address, None),
            flags: NatFlags::NONE,
        })
    }

    /// Translates the source to the address of the outgoing interface.
    pub fn masquerade(self, flags: NatFlags) -> Self {
        self.with(Statement::Masquerade(None, flags))
    }

    /// Translates the destination to a port of this machine.
    pub fn redirect(self, port: u16) -> Self {
        self.with(Statement::Redirect(Some((port, port)), NatFlags::NONE))
    }
}

/// The rest.
impl Rule {
    /// Counts packets and octets.
    pub fn counter(self) -> Self {
        self.with(Statement::Counter)
    }

    /// Counts with a named counter.
    pub fn counter_named(self, name: impl Into<String>) -> Self {
        self.with(Statement::NamedCounter(name.into()))
    }

    /// Reports the packet.
    pub fn log(self, log: Log) -> Self {
        self.with(log)
    }

    /// Goes on at a limited rate.
    pub fn limit(self, limit: Limit) -> Self {
        self.with(limit)
    }

    /// Adds an element to a set, or restarts its time-out.
    pub fn update(self, set: impl Into<String>, key: impl Into<Key>, timeout: Option<Duration>) -> Self {
        self.with(Dynset {
            operation: DynsetOperation::Update,
            set: set.into(),
            key: key.into(),
            data: None,
            timeout,
            statements: Vec::new(),
        })
    }

    /// Adds an element to a map, or restarts its time-out.
    pub fn update_map(
        self,
        map: impl Into<String>,
        key: impl Into<Key>,
        timeout: Option<Duration>,
        data: impl Into<Data>,
    ) -> Self {
        self.with(Dynset {
            operation: DynsetOperation::Update,
            set: map.into(),
            key: key.into(),
            data: Some(data.into()),
            timeout,
            statements: Vec::new(),
        })
    }

    /// Sets the packet's mark.
    pub fn set_mark(self, mark: u32) -> Self {
        self.with(Statement::Set(Store::Mark, Source::Value(mark)))
    }

    /// Sets the connection's mark.
    pub fn set_ct_mark(self, mark: u32) -> Self {
        self.with(Statement::Set(Store::CtMark, Source::Value(mark)))
    }

    /// Sets a mark to what something else gives.
    pub fn set(self, store: Store, source: Source) -> Self {
        self.with(Statement::Set(store, source))
    }

    /// Exempts the packet from connection tracking.
    pub fn notrack(self) -> Self {
        self.with(Statement::Notrack)
    }
}

fn family(address: IpAddr) -> L3 {
    match address {
        IpAddr::V4(_) => L3::Ipv4,
        IpAddr::V6(_) => L3::Ipv6,
    }
}
