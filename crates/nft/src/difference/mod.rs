//! What of a table is not as it should be.

mod attributes;
mod wanted;

use std::fmt;

pub(crate) use attributes::covers;
pub(crate) use wanted::{Body, Wanted, WantedChain, WantedSet};

/// Something of a table that is not as it should be: missing, different, or too much.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Difference {
    /// There is no table.
    Missing,
    /// Its chains are hooked and should not be, or the other way round.
    Dormant,
    /// A set or map with this name, or its elements.
    Set(String),
    /// A chain with this name, or its rules.
    Chain(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("the table is missing"),
            Self::Dormant => formatter.write_str("the table's hooks"),
            Self::Set(name) => write!(formatter, "set {name}"),
            Self::Chain(name) => write!(formatter, "chain {name}"),
        }
    }
}
