//! Whether elements fit into a set.

use super::{Element, MapData, Mapped, Set};
use crate::statement::InvalidReason;
use crate::types::{Data, DataType, Order};

impl Set {
    /// Whether the element fits into the set.
    pub(crate) fn check(&self, element: &Element) -> Result<(), InvalidReason> {
        self.check_key(element)?;
        self.check_mapped(element.mapped.as_ref())
    }

    /// Whether the element's key fits into the set.
    pub(crate) fn check_key(&self, element: &Element) -> Result<(), InvalidReason> {
        check_data(&self.key, &element.key)?;
        if let Some(last) = &element.last {
            check_data(&self.key, last)?;
        }
        self.check_range(element)
    }

    fn check_range(&self, element: &Element) -> Result<(), InvalidReason> {
        let host = |part: &DataType| part.order() == Order::Host && part.octets() > 1;
        // The tree of an interval set compares keys as octets: numbers in the order of a little-endian host
        // would be sorted wrongly.
        let ordered = !(self.interval && self.key.len() == 1 && self.key.iter().any(host));
        let range = element.last.as_ref().is_some_and(|last| *last != element.key);
        if ordered && (self.interval || !range) {
            Ok(())
        } else {
            Err(InvalidReason::NoRanges(self.name.clone()))
        }
    }

    fn check_mapped(&self, mapped: Option<&Mapped>) -> Result<(), InvalidReason> {
        let what = match (&self.data, mapped) {
            (None, None) | (Some(MapData::Verdict), Some(Mapped::Verdict(_))) => return Ok(()),
            (Some(MapData::Types(types)), Some(Mapped::Data(data))) => return check_data(types, data),
            (None, Some(_)) => "has data, but this is a set, not a map",
            (Some(_), None) => "has no data, but this is a map",
            (Some(MapData::Verdict), Some(_)) => "has a value where the map has verdicts",
            (Some(MapData::Types(_)), Some(_)) => "has a verdict where the map has values",
        };
        let set = self.name.clone();
        Err(InvalidReason::Mapped { set, what })
    }
}

fn check_data(expected: &[DataType], data: &Data) -> Result<(), InvalidReason> {
    let found = data.types();
    if expected != found {
        let expected = expected.to_vec();
        return Err(InvalidReason::Type { expected, found });
    }
    match data.0.iter().find(|value| !value.fits()) {
        // Only names of interfaces can be too long; `IFNAMSIZ` is 16 with the NUL.
        Some(value) => Err(InvalidReason::Name(format!("{value:?}"), 15)),
        None => Ok(()),
    }
}
