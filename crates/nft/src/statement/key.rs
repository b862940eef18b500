//! Keys: fields that are looked up together.

use super::Field;
use crate::types::DataType;

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
