//! Elements in lists: decoded by the types of their set, and put together from starts and ends where they are
//! ranges.

use std::collections::HashSet;
use std::time::Duration;

use super::values::{counter_values, verdict};
use crate::batch::list_attribute;
use crate::netlink::{Attribute, Attributes, Malformed, Message};
use crate::object::{Element, MapData, Mapped, Set, comment_of};
use crate::types::{Data, Verdict};

/// An element as the kernel lists it.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawElement {
    key: Vec<u8>,
    key_end: Option<Vec<u8>>,
    interval_end: bool,
    value: Option<Vec<u8>>,
    verdict: Option<Verdict>,
    timeout: Option<Duration>,
    expires: Option<Duration>,
    comment: Option<String>,
    counter: Option<(u64, u64)>,
}

/// Collects the elements of a set from the messages of a list.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    set: &'a Set,
    raw: Vec<RawElement>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(set: &'a Set) -> Self {
        Self { set, raw: Vec::new() }
    }

    /// Takes the elements of a message.
    pub(crate) fn take(&mut self, message: &Message<'_>) -> Result<(), Malformed> {
        for attribute in message.attributes() {
            let attribute = attribute?;
            if attribute.kind != list_attribute::ELEMENTS {
                continue;
            }
            for element in attribute.nested() {
                self.raw.push(RawElement::decode(element?.nested())?);
            }
        }
        Ok(())
    }

    /// Whether an element is there twice. While the kernel makes room in a hash table that grew, each
    /// datagram of a list may begin at another place than the one before ended: some elements come twice,
    /// others not at all, and no flag tells.
    pub(crate) fn inconsistent(&self) -> bool {
        let mut seen = HashSet::with_capacity(self.raw.len());
        !self
            .raw
            .iter()
            .all(|raw| seen.insert((&raw.key, &raw.key_end, raw.interval_end)))
    }

    /// The elements, ranges put together.
    pub(crate) fn finish(mut self) -> Result<Vec<Element>, Malformed> {
        // Ranges of concatenations have both ends in one element.
        if !self.set.interval || self.set.key.len() != 1 {
            return self
                .raw
                .iter()
                .map(|raw| self.element(raw, raw.key_end.as_deref()))
                .collect();
        }
        // The kernel lists boundaries in an order of its own. Of an end and a start at the same key, the end
        // belongs to the range before.
        self.raw
            .sort_by(|one, other| (&one.key, !one.interval_end).cmp(&(&other.key, !other.interval_end)));
        let mut elements = Vec::new();
        for (index, start) in self.raw.iter().enumerate() {
            if !start.interval_end {
                let next = self.raw.get(index + 1);
                // A range that ends with the last possible key has no end in the tree.
                let last = next.map_or_else(|| vec![0xff; start.key.len()], |next| predecessor(&next.key));
                elements.push(self.element(start, Some(&last))?);
            }
        }
        Ok(elements)
    }

    fn element(&self, raw: &RawElement, last: Option<&[u8]>) -> Result<Element, Malformed> {
        let decode = |octets: &[u8]| Data::decode(&self.set.key, octets).ok_or(WRONG_TYPE);
        // A range of one key is one key, as the caller wrote it.
        let last = last.filter(|last| *last != raw.key).map(decode).transpose()?;
        Ok(Element {
            key: decode(&raw.key)?,
            last,
            mapped: self.mapped(raw)?,
            timeout: raw.timeout,
            expires: raw.expires,
            counter: raw.counter,
            comment: raw.comment.clone(),
        })
    }

    fn mapped(&self, raw: &RawElement) -> Result<Option<Mapped>, Malformed> {
        match &self.set.data {
            None => Ok(None),
            Some(MapData::Verdict) => Ok(raw.verdict.clone().map(Mapped::Verdict)),
            Some(MapData::Types(types)) => {
                let octets = raw.value.as_deref().ok_or(WRONG_TYPE)?;
                let data = Data::decode(types, octets).ok_or(WRONG_TYPE)?;
                Ok(Some(Mapped::Data(data)))
            }
        }
    }
}

const WRONG_TYPE: Malformed = Malformed {
    what: "the element is of another type than its set",
    offset: 0,
};

/// The number before, in network order.
fn predecessor(key: &[u8]) -> Vec<u8> {
    let mut octets = key.to_vec();
    for octet in octets.iter_mut().rev() {
        let (before, borrow) = octet.overflowing_sub(1);
        *octet = before;
        if !borrow {
            break;
        }
    }
    octets
}

impl RawElement {
    fn decode(attributes: Attributes<'_>) -> Result<Self, Malformed> {
        let mut raw = Self::default();
        for attribute in attributes {
            let attribute = attribute?;
            // `enum nft_set_elem_attributes`
            match attribute.kind {
                1 => raw.key = value(attribute.nested())?.unwrap_or_default(),
                2 => raw.data(&attribute)?,
                3 => raw.interval_end = attribute.u32()? & 1 != 0,
                4 => raw.timeout = time(&attribute)?,
                5 => raw.expires = time(&attribute)?,
                6 => raw.comment = comment_of(0, attribute.payload),
                7 => raw.counter = counter(attribute.nested())?,
                10 => raw.key_end = value(attribute.nested())?,
                _ => {}
            }
        }
        Ok(raw)
    }

    fn data(&mut self, attribute: &Attribute<'_>) -> Result<(), Malformed> {
        for part in attribute.nested() {
            let part = part?;
            match part.kind {
                1 => self.value = Some(part.payload.to_vec()),
                2 => self.verdict = verdict(part.nested())?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn value(attributes: Attributes<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    let mut found = None;
    for attribute in attributes {
        let attribute = attribute?;
        if attribute.kind == 1 {
            found = Some(attribute.payload.to_vec());
        }
    }
    Ok(found)
}

/// A time; zero means none.
fn time(attribute: &Attribute<'_>) -> Result<Option<Duration>, Malformed> {
    let milliseconds = attribute.u64()?;
    Ok((milliseconds > 0).then(|| Duration::from_millis(milliseconds)))
}

fn counter(attributes: Attributes<'_>) -> Result<Option<(u64, u64)>, Malformed> {
    let (mut name, mut values) = (String::new(), None);
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.kind {
            1 => name = attribute.text(),
            2 => values = Some(attribute.nested()),
            _ => {}
        }
    }
    match values {
        Some(values) if name == "counter" => counter_values(values).map(Some),
        _ => Ok(None),
    }
}
