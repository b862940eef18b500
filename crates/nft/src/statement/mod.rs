//! Statements: what rules are written in. They compile to expressions, which choose registers and add what a
//! field depends on (a rule that looks at an IPv4 address in an `inet` table first tests for IPv4), and they
//! are what the text of a rule consists of.

mod build;
mod compile;
mod computed;
mod context;
mod field;
mod header;
mod key;
mod kinds;
mod load;
mod matching;
mod measure;
mod translate;

pub(crate) use compile::{AnonymousSet, Compiled, compile};
pub use computed::{Fib, Jhash, Numgen};
pub use field::{Ct, Field, Meta};
pub use header::Header;
pub(crate) use header::Protocol;
pub use key::Key;
pub use kinds::{Dynset, Match, Nat, Operator, Remember, Right, Source, Statement, Store, Target};
pub use measure::{Limit, Log, Unit};

use thiserror::Error;

/// Why a rule or an element cannot be sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidReason {
    /// A key fills more than the 64 octets of all registers.
    #[error("the key is longer than 64 octets")]
    TooWide,
    /// The field does not exist in the table's family.
    #[error("{field} does not exist in a table of family {family}")]
    NoSuchField {
        /// The field, as `nft` prints it.
        field: String,
        /// The table's family.
        family: crate::Family,
    },
    /// A value is of another type than the field or set that it belongs to.
    #[error("{found:?} where {expected:?} is wanted")]
    Type {
        /// What is wanted.
        expected: Vec<crate::DataType>,
        /// What was given.
        found: Vec<crate::DataType>,
    },
    /// A map's element leads nowhere, a set's element leads somewhere, or to the wrong kind.
    #[error("the element of {set} {what}")]
    Mapped {
        /// The set's name.
        set: String,
        /// What is wrong.
        what: &'static str,
    },
    /// Ranges are possible in interval sets only, and there only for keys in network order.
    #[error("{0} cannot hold ranges")]
    NoRanges(String),
    /// A name is too long, or not one.
    #[error("{0:?} is no name: 1 to {1} octets without NUL are accepted")]
    Name(String, usize),
    /// An attribute exceeds 65,535 octets.
    #[error("it exceeds 65,535 octets")]
    TooLong,
    /// A statement that an element cannot keep.
    #[error("an element can keep counters and limits only")]
    Stateless,
    /// The mask of a comparison does not fit.
    #[error("a mask needs a single field with a value of the same type")]
    Mask,
}
