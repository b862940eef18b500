//! Expressions: the instructions that the kernel evaluates, over registers.
//!
//! Callers usually write [statements](crate::statement), which compile to these.

mod encode;
mod kinds;
mod register;

pub use kinds::{
    Base, BitwiseOperation, ByteOrder, Comparison, DynsetOperation, FibResult, LogFlags, NatFlags, NatKind,
    Reject,
};
pub use register::Register;
pub(crate) use register::VERDICT_REGISTER;

use crate::types::{Data, Direction, L3, Verdict};

/// An expression. Names follow the kernel's (`nft_…`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields bear the names of the kernel's attributes")]
pub enum Expression {
    /// Octets of the packet into a register.
    Payload {
        into: Register,
        base: Base,
        offset: u32,
        len: u32,
    },
    /// A register into the packet; `checksum` is the offset of the Internet checksum to be corrected, if
    /// there is one.
    PayloadWrite {
        from: Register,
        base: Base,
        offset: u32,
        len: u32,
        checksum: Option<u32>,
        pseudo_header: bool,
    },
    /// What is known of the packet into a register. The key is one of `enum nft_meta_keys`.
    Meta { key: u32, into: Register },
    /// A register into what is known of the packet.
    MetaSet { key: u32, from: Register },
    /// What is known of the connection into a register. The key is one of `enum nft_ct_keys`.
    Ct {
        key: u32,
        direction: Option<Direction>,
        into: Register,
    },
    /// A register into the connection.
    CtSet { key: u32, from: Register },
    /// A query of the routing tables. The flags are `NFTA_FIB_F_*`.
    Fib {
        flags: u32,
        result: FibResult,
        into: Register,
    },
    /// Goes on if the set has the key in `from` (or has not, if inverted).
    Lookup {
        set: SetReference,
        from: Register,
        inverted: bool,
    },
    /// Goes on if the map has the key in `from`, with what it leads to in `into`.
    MapLookup {
        map: SetReference,
        from: Register,
        into: Register,
    },
    /// Decides by what the verdict map has for the key in `from`; goes on if it has nothing.
    VerdictLookup { map: SetReference, from: Register },
    /// Adds, refreshes or removes the element whose key is in `key`.
    Dynset {
        set: String,
        operation: DynsetOperation,
        key: Register,
        data: Option<Register>,
        timeout: Option<std::time::Duration>,
        expressions: Vec<Expression>,
    },
    /// A number of 0 to `modulus` - 1, plus `offset`.
    Numgen {
        random: bool,
        modulus: u32,
        offset: u32,
        into: Register,
    },
    /// Bob Jenkins' hash of `len` octets, modulo and plus offset.
    Jhash {
        from: Register,
        len: u32,
        modulus: u32,
        seed: Option<u32>,
        offset: u32,
        into: Register,
    },
    /// A hash that is the same for both directions of a connection.
    Symhash {
        modulus: u32,
        offset: u32,
        into: Register,
    },
    /// Translates the connection's source or destination.
    Nat {
        kind: NatKind,
        family: L3,
        address: Option<(Register, Option<Register>)>,
        port: Option<(Register, Option<Register>)>,
        flags: NatFlags,
    },
    /// Translates the connection's source to the address of the outgoing interface.
    Masquerade {
        port: Option<(Register, Option<Register>)>,
        flags: NatFlags,
    },
    /// Translates the connection's destination to this machine.
    Redirect {
        port: Option<(Register, Option<Register>)>,
        flags: NatFlags,
    },
    /// Drops the packet and tells its sender.
    Reject(Reject),
    /// Reports the packet.
    Log {
        prefix: Option<String>,
        group: Option<u16>,
        snaplen: Option<u32>,
        threshold: Option<u16>,
        level: Option<u32>,
        flags: LogFlags,
    },
    /// Counts the packet.
    Counter { packets: u64, bytes: u64 },
    /// Counts the packet with a named counter.
    CounterReference { name: String },
    /// Goes on at a limited rate per `unit` seconds (or above it).
    Limit {
        rate: u64,
        unit: u64,
        burst: u32,
        bytes: bool,
        over: bool,
    },
    /// A constant into a register.
    Immediate { into: Register, data: Data },
    /// Decides.
    Verdict(Verdict),
    /// Goes on if the comparison holds.
    Compare {
        from: Register,
        comparison: Comparison,
        octets: Vec<u8>,
    },
    /// Goes on if the register is in the range (or outside, if inverted), in network order.
    Range {
        from: Register,
        inverted: bool,
        first: Vec<u8>,
        last: Vec<u8>,
    },
    /// Octets of a register with bits changed.
    Bitwise {
        from: Register,
        into: Register,
        len: u32,
        operation: BitwiseOperation,
    },
    /// Swaps the octets of numbers of `size` octets.
    Byteorder {
        from: Register,
        into: Register,
        order: ByteOrder,
        len: u32,
        size: u32,
    },
    /// Exempts the packet from connection tracking.
    Notrack,
}

/// A set by its name; a set without a name has a number within its batch instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetReference {
    /// The name, or the template of one.
    pub name: String,
    /// The number within the batch.
    pub id: Option<u32>,
}

impl From<&str> for SetReference {
    fn from(name: &str) -> Self {
        Self {
            name: name.into(),
            id: None,
        }
    }
}
