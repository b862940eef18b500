//! Why a rule or an element cannot be sent.

use thiserror::Error;

/// Why a rule or an element cannot be sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidReason {
    /// A key fills more than the 64 octets of all registers.
    #[error("the key is longer than the 64 octets of all registers")]
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
    #[error("value of type {}, expected {}", names(found), names(expected))]
    Type {
        /// What is expected.
        expected: Vec<crate::DataType>,
        /// What was given.
        found: Vec<crate::DataType>,
    },
    /// A map's element has no data, a set's element has some, or it is of the wrong kind.
    #[error("an element of {set} {what}")]
    Mapped {
        /// The set's name.
        set: String,
        /// What is wrong.
        what: &'static str,
    },
    /// Ranges are possible in interval sets only, and there only for keys in network order.
    #[error("{0} cannot hold ranges: it is no interval set, or its key is not in network byte order")]
    NoRanges(String),
    /// A name is too long, or not one.
    #[error("{0:?} is not a valid name: 1 to {1} octets without NUL are accepted")]
    Name(String, usize),
    /// An attribute exceeds 65,535 octets.
    #[error("an attribute exceeds 65,535 octets")]
    TooLong,
    /// A statement that an element cannot have.
    #[error("elements can have counters and limits only")]
    Stateless,
    /// The mask, range or network of a comparison does not fit the field.
    #[error("a mask, range or network needs a single field with a value of the same type")]
    Mask,
}

/// The types as `nft` writes them.
fn names(types: &[crate::DataType]) -> String {
    let names: Vec<&str> = types.iter().map(|one| one.name()).collect();
    names.join(" . ")
}
