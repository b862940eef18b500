//! Values that consist of named bits, or of named numbers.

use std::ops::BitOr;

/// States of a connection, any number of them (`ct state`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CtState(pub u32);

impl CtState {
    /// The packet belongs to no connection that is possible.
    pub const INVALID: Self = Self(1);
    /// Packets have been seen in both directions.
    pub const ESTABLISHED: Self = Self(2);
    /// A new connection that another one announced, or an ICMP error of one.
    pub const RELATED: Self = Self(4);
    /// The first packet, or more before an answer. The kernel's bit is `1 << (IP_CT_NEW + 1)`.
    pub const NEW: Self = Self(8);
    /// Exempted by `notrack`.
    pub const UNTRACKED: Self = Self(0x40);
}

impl BitOr for CtState {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What is known of a connection, any number of facts (`ct status`, `IPS_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CtStatus(pub u32);

impl CtStatus {
    /// Another connection announced this one.
    pub const EXPECTED: Self = Self(1);
    /// A packet of the reply direction was seen.
    pub const SEEN_REPLY: Self = Self(1 << 1);
    /// Not removed early when the table is full.
    pub const ASSURED: Self = Self(1 << 2);
    /// The first packet left the machine or reached a socket.
    pub const CONFIRMED: Self = Self(1 << 3);
    /// Its source is translated.
    pub const SNAT: Self = Self(1 << 4);
    /// Its destination is translated.
    pub const DNAT: Self = Self(1 << 5);
    /// About to be removed.
    pub const DYING: Self = Self(1 << 9);
    /// Its packets bypass the rules through a flow table.
    pub const OFFLOAD: Self = Self(1 << 14);

    /// Whether all facts of `other` are among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for CtStatus {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What an address is to this machine, by its routing tables (`fib … type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressType(pub u32);

impl AddressType {
    /// Of another machine.
    pub const UNICAST: Self = Self(1);
    /// Of this machine.
    pub const LOCAL: Self = Self(2);
    /// A broadcast address of a network of this machine.
    pub const BROADCAST: Self = Self(3);
    /// Taken as broadcast, sent as unicast.
    pub const ANYCAST: Self = Self(4);
    /// A multicast address.
    pub const MULTICAST: Self = Self(5);
    /// A route that drops.
    pub const BLACKHOLE: Self = Self(6);
    /// A route that answers "unreachable".
    pub const UNREACHABLE: Self = Self(7);
    /// A route that answers "prohibited".
    pub const PROHIBIT: Self = Self(8);
}
