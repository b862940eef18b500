//! Concatenations of values.

use super::{DataType, Value};

/// One value, or several that are looked up together (`10.0.0.1 . tcp . 80`). Tuples of values become one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Data(pub Vec<Value>);

impl Data {
    /// The types of the parts.
    pub(crate) fn types(&self) -> Vec<DataType> {
        self.0.iter().map(Value::data_type).collect()
    }

    /// The octets. Each part of a concatenation is padded to whole registers of four octets, since rules load
    /// it from there; a single value is not padded.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self.0.as_slice() {
            [single] => single.encode(),
            parts => {
                let mut octets = Vec::new();
                for part in parts {
                    octets.extend(part.encode());
                    octets.resize(octets.len().next_multiple_of(4), 0);
                }
                octets
            }
        }
    }

    /// The concatenation of the given types that the octets encode.
    pub(crate) fn decode(types: &[DataType], octets: &[u8]) -> Option<Self> {
        let mut at = 0;
        let mut parts = Vec::with_capacity(types.len());
        for part in types {
            parts.push(Value::decode(*part, octets.get(at..)?)?);
            at += part.padded();
        }
        Some(Self(parts))
    }
}

impl<A: Into<Value>> From<A> for Data {
    fn from(value: A) -> Self {
        Self(vec![value.into()])
    }
}

impl<A: Into<Value>, B: Into<Value>> From<(A, B)> for Data {
    fn from((first, second): (A, B)) -> Self {
        Self(vec![first.into(), second.into()])
    }
}

impl<A: Into<Value>, B: Into<Value>, C: Into<Value>> From<(A, B, C)> for Data {
    fn from((first, second, third): (A, B, C)) -> Self {
        Self(vec![first.into(), second.into(), third.into()])
    }
}

impl<A: Into<Value>, B: Into<Value>, C: Into<Value>, D: Into<Value>> From<(A, B, C, D)> for Data {
    fn from((first, second, third, fourth): (A, B, C, D)) -> Self {
        Self(vec![first.into(), second.into(), third.into(), fourth.into()])
    }
}

impl FromIterator<Value> for Data {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn parts_of_a_concatenation_are_padded() {
        let data = Data::from((Ipv4Addr::new(10, 0, 0, 1), Value::TCP, 80));
        assert_eq!(data.encode(), [10, 0, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0]);
        assert_eq!(Data::decode(&data.types(), &data.encode()), Some(data));
        assert_eq!(Data::from(80).encode(), [0, 80]);
    }
}
