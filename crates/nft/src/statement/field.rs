//! Fields, and keys of several fields.
//!
//! A field may be a hash of a key, so all three are here.

use super::{Ct, Fib, Header, Meta, Numgen};
use crate::types::DataType;

/// What a rule can look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// A field of the packet's headers.
    Header(Header),
    /// What the kernel knows of the packet.
    Meta(Meta),
    /// What connection tracking knows of the packet.
    Ct(Ct),
    /// A lookup in the routing tables.
    Fib(Fib),
    /// A number at random, or one after another.
    Numgen(Numgen),
    /// A hash of other fields.
    Jhash(Jhash),
    /// A hash that is the same for both directions of a connection: modulus and offset.
    Symhash(u32, u32),
}

/// A hash of other fields (`jhash … mod …`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Jhash {
    /// What is hashed.
    pub over: Box<Key>,
    /// How many numbers there are.
    pub modulus: u32,
    /// Makes the hash the same on several machines.
    pub seed: Option<u32>,
    /// The smallest number.
    pub offset: u32,
}

/// One field, or several that are looked up together (`ip daddr . meta l4proto . th dport`). Tuples of fields
/// become one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Vec<Field>);

impl Key {
    /// The fields.
    pub(crate) fn fields(&self) -> &[Field] {
        &self.0
    }

    /// The types of the fields.
    pub(crate) fn types(&self) -> Vec<DataType> {
        self.0.iter().map(Field::data_type).collect()
    }
}

impl<A: Into<Field>> From<A> for Key {
    fn from(field: A) -> Self {
        Self(vec![field.into()])
    }
}

impl<A: Into<Field>, B: Into<Field>> From<(A, B)> for Key {
    fn from((first, second): (A, B)) -> Self {
        Self(vec![first.into(), second.into()])
    }
}

impl<A: Into<Field>, B: Into<Field>, C: Into<Field>> From<(A, B, C)> for Key {
    fn from((first, second, third): (A, B, C)) -> Self {
        Self(vec![first.into(), second.into(), third.into()])
    }
}

impl<A: Into<Field>, B: Into<Field>, C: Into<Field>, D: Into<Field>> From<(A, B, C, D)> for Key {
    fn from((first, second, third, fourth): (A, B, C, D)) -> Self {
        Self(vec![first.into(), second.into(), third.into(), fourth.into()])
    }
}

impl FromIterator<Field> for Key {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Field {
    /// The type of the field's value.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Header(header) => header.data_type(),
            Self::Meta(meta) => meta.data_type(),
            Self::Ct(ct) => ct.data_type(),
            Self::Fib(fib) => fib.data_type(),
            Self::Numgen(_) | Self::Jhash(_) | Self::Symhash(..) => DataType::Integer,
        }
    }
}

impl From<Header> for Field {
    fn from(header: Header) -> Self {
        Self::Header(header)
    }
}

impl From<Meta> for Field {
    fn from(meta: Meta) -> Self {
        Self::Meta(meta)
    }
}

impl From<Ct> for Field {
    fn from(ct: Ct) -> Self {
        Self::Ct(ct)
    }
}

impl From<Fib> for Field {
    fn from(fib: Fib) -> Self {
        Self::Fib(fib)
    }
}

impl From<Numgen> for Field {
    fn from(numgen: Numgen) -> Self {
        Self::Numgen(numgen)
    }
}

impl From<Jhash> for Field {
    fn from(jhash: Jhash) -> Self {
        Self::Jhash(jhash)
    }
}
