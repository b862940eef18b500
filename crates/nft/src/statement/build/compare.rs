//! Comparisons in rules.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::object::{Element, Rule};
use crate::statement::{Ct, Fib, Field, Header, Key, Match, Meta, Operator, Right};
use crate::types::{AddressType, CtState, CtStatus, Data, L3, Value};

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

    /// The connection's mark has any of these bits. A masked comparison, as `nft` writes `ct mark & … != 0`.
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
        self.is(Header::saddr(L3::of(address)), address)
    }

    /// The destination address is this one.
    pub fn daddr(self, address: IpAddr) -> Self {
        self.is(Header::daddr(L3::of(address)), address)
    }
}
