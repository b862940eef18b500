//! Decisions and deeds in rules.

use std::net::IpAddr;
use std::time::Duration;

use super::family;
use crate::expression::{DynsetOperation, NatFlags, NatKind, Reject};
use crate::object::{Element, Rule};
use crate::statement::{Dynset, Key, Limit, Log, Nat, Remember, Source, Statement, Store, Target};
use crate::types::{Data, L3, Verdict};

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

    /// Translates the destination to the address and port that a map has for the key, and remembers them in
    /// another map (or restarts the time-out there).
    pub fn dnat_map_remembered(
        self,
        family: L3,
        key: impl Into<Key>,
        map: impl Into<String>,
        remember: Remember,
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
