//! NAT statements.

use std::net::IpAddr;

use crate::expression::{NatFlags, NatKind};
use crate::object::Rule;
use crate::statement::{Key, MapUpdate, Nat, NatTarget, Statement};
use crate::types::L3;

/// NAT statements, for chains of type `nat`.
impl Rule {
    /// Translates the destination to an address, and a port if one is given.
    pub fn dnat(self, address: IpAddr, port: Option<u16>) -> Self {
        self.with(Nat {
            kind: NatKind::Destination,
            family: L3::of(address),
            target: NatTarget::Address(address, port),
            flags: NatFlags::NONE,
        })
    }

    /// Translates the destination to the address and port that a map has for the key.
    pub fn dnat_map(self, family: L3, key: impl Into<Key>, map: impl Into<String>) -> Self {
        self.with(Nat {
            kind: NatKind::Destination,
            family,
            target: NatTarget::Map {
                key: key.into(),
                map: map.into(),
                port: true,
                update: None,
            },
            flags: NatFlags::NONE,
        })
    }

    /// Translates the destination to the address and port that a map has for the key, and adds them to
    /// another map (or restarts the timeout there).
    pub fn dnat_map_update(
        self,
        family: L3,
        key: impl Into<Key>,
        map: impl Into<String>,
        update: MapUpdate,
    ) -> Self {
        self.with(Nat {
            kind: NatKind::Destination,
            family,
            target: NatTarget::Map {
                key: key.into(),
                map: map.into(),
                port: true,
                update: Some(update),
            },
            flags: NatFlags::NONE,
        })
    }

    /// Translates the source to an address.
    pub fn snat(self, address: IpAddr) -> Self {
        self.with(Nat {
            kind: NatKind::Source,
            family: L3::of(address),
            target: NatTarget::Address(address, None),
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
