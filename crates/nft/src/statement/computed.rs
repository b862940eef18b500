//! Fields that the kernel computes: routing lookups and generated numbers.

use crate::expression::FibResult;
use crate::types::DataType;

/// A lookup in the routing tables (`fib …`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fib {
    pub(crate) flags: u32,
    pub(crate) result: FibResult,
}

impl Fib {
    /// What the packet's source address is to this machine.
    pub const SADDR_TYPE: Self = Self {
        flags: 1,
        result: FibResult::AddressType,
    };
    /// What the packet's destination address is to this machine.
    pub const DADDR_TYPE: Self = Self {
        flags: 1 << 1,
        result: FibResult::AddressType,
    };

    /// With the mark in the query.
    pub fn mark(self) -> Self {
        Self {
            flags: self.flags | 1 << 2,
            ..self
        }
    }

    /// With the interface that the packet came in by in the query.
    pub fn iif(self) -> Self {
        Self {
            flags: self.flags | 1 << 3,
            ..self
        }
    }

    /// Asks for the number of the interface that leads to the address.
    pub fn interface(self) -> Self {
        Self {
            result: FibResult::Interface,
            ..self
        }
    }

    /// Asks for the name of the interface that leads to the address.
    pub fn interface_name(self) -> Self {
        Self {
            result: FibResult::InterfaceName,
            ..self
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self.result {
            FibResult::AddressType => DataType::AddressType,
            FibResult::Interface => DataType::IfIndex,
            FibResult::InterfaceName => DataType::IfName,
        }
    }
}

/// A number of 0 to `modulus` - 1, plus `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Numgen {
    /// At random, not one after another.
    pub random: bool,
    /// How many numbers there are.
    pub modulus: u32,
    /// The smallest number.
    pub offset: u32,
}

impl Numgen {
    /// `numgen random mod …`
    pub fn random(modulus: u32) -> Self {
        Self {
            random: true,
            modulus,
            offset: 0,
        }
    }

    /// `numgen inc mod …`
    pub fn increment(modulus: u32) -> Self {
        Self {
            random: false,
            ..Self::random(modulus)
        }
    }

    /// Sets the smallest number.
    pub fn offset(self, offset: u32) -> Self {
        Self { offset, ..self }
    }
}
