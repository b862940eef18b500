//! Elements of sets and maps.

use std::time::Duration;

use ipnet::IpNet;

use super::counter::encode_values;
use super::set::Set;
use super::set_encode::milliseconds;
use super::userdata::comment_tlv;
use crate::netlink::Writer;
use crate::types::{Data, Value, Verdict};

/// What an element of a map leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mapped {
    /// What becomes of the packet.
    Verdict(Verdict),
    /// A value or a concatenation.
    Data(Data),
}

/// An element: a key or a range of keys, and for maps what it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Element {
    /// The key, or the first of a range.
    pub key: Data,
    /// The last key of a range; of a concatenation, the last of each part.
    pub last: Option<Data>,
    /// Set in maps.
    pub mapped: Option<Mapped>,
    /// When the element expires after it was added.
    pub timeout: Option<Duration>,
    /// When the element expires from now on.
    pub expires: Option<Duration>,
    /// Packets and octets counted, where the set has counters.
    pub counter: Option<(u64, u64)>,
    /// At most 127 octets.
    pub comment: Option<String>,
}

/// `enum nft_set_elem_attributes`
mod attribute {
    pub(super) const KEY: u16 = 1;
    pub(super) const DATA: u16 = 2;
    pub(super) const FLAGS: u16 = 3;
    pub(super) const TIMEOUT: u16 = 4;
    pub(super) const EXPIRATION: u16 = 5;
    pub(super) const USERDATA: u16 = 6;
    pub(super) const EXPR: u16 = 7;
    pub(super) const KEY_END: u16 = 10;
}

/// `NFT_SET_ELEM_INTERVAL_END`
const INTERVAL_END: u32 = 1;

impl Element {
    /// An element with one key.
    pub fn new(key: impl Into<Data>) -> Self {
        Self {
            key: key.into(),
            last: None,
            mapped: None,
            timeout: None,
            expires: None,
            counter: None,
            comment: None,
        }
    }

    /// All keys from `first` to `last`, both included; of a concatenation, all whose parts are in the ranges
    /// of the parts.
    pub fn range(first: impl Into<Data>, last: impl Into<Data>) -> Self {
        Self {
            last: Some(last.into()),
            ..Self::new(first)
        }
    }

    /// All addresses of a network.
    pub fn prefix(network: IpNet) -> Self {
        Self::range(network.network(), network.broadcast())
    }

    /// A verdict map's element: what becomes of the packet.
    pub fn verdict(mut self, verdict: Verdict) -> Self {
        self.mapped = Some(Mapped::Verdict(verdict));
        self
    }

    /// A map's element: the value.
    pub fn to(mut self, data: impl Into<Data>) -> Self {
        self.mapped = Some(Mapped::Data(data.into()));
        self
    }

    /// Sets when the element expires after it was added.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the comment.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }
}

/// An element as the kernel takes it. Sets of ranges of a single key are trees of boundaries: a range is an
/// element where it begins and one, with a flag, behind its end. Ranges of concatenations are one element
/// with two keys.
#[derive(Clone, Debug)]
pub(crate) struct ListedElement<'a> {
    key: Vec<u8>,
    key_end: Option<Vec<u8>>,
    interval_end: bool,
    /// What else the element has; nothing for the end of a range.
    element: Option<&'a Element>,
    /// Which of the caller's elements it stands for.
    pub(crate) index: usize,
}

impl ListedElement<'_> {
    /// Writes the attributes of an element; those of the list's entry are around them. To delete one, its key
    /// is enough.
    pub(crate) fn encode(&self, only_key: bool, counters: bool, writer: &mut Writer) {
        writer.nested(attribute::KEY, |writer| writer.bytes(1, &self.key));
        if let Some(end) = &self.key_end {
            writer.nested(attribute::KEY_END, |writer| writer.bytes(1, end));
        }
        if self.interval_end {
            writer.u32(attribute::FLAGS, INTERVAL_END);
        }
        // The kernel finds an element to delete by its key alone.
        if let (Some(element), false) = (self.element, only_key) {
            element.encode_rest(counters, writer);
        }
    }
}

impl Element {
    fn encode_rest(&self, counters: bool, writer: &mut Writer) {
        if let Some(mapped) = &self.mapped {
            writer.nested(attribute::DATA, |writer| mapped.encode(writer));
        }
        if let Some(timeout) = self.timeout {
            writer.u64(attribute::TIMEOUT, milliseconds(timeout));
        }
        if let Some(expires) = self.expires {
            writer.u64(attribute::EXPIRATION, milliseconds(expires));
        }
        if let Some(comment) = &self.comment {
            writer.bytes(attribute::USERDATA, &comment_tlv(0, comment));
        }
        if let (Some((packets, bytes)), true) = (self.counter, counters) {
            writer.nested(attribute::EXPR, |writer| {
                writer.text(1, "counter");
                writer.nested(2, |writer| encode_values(writer, packets, bytes));
            });
        }
    }
}

impl Mapped {
    /// Writes `enum nft_data_attributes`.
    pub(crate) fn encode(&self, writer: &mut Writer) {
        match self {
            Self::Data(data) => writer.bytes(1, &data.encode()),
            Self::Verdict(verdict) => encode_verdict(verdict, writer),
        }
    }
}

/// Writes a verdict as data: `enum nft_verdict_attributes`.
pub(crate) fn encode_verdict(verdict: &Verdict, writer: &mut Writer) {
    writer.nested(2, |writer| {
        writer.u32(1, verdict.code().cast_unsigned());
        if let Some(chain) = verdict.chain() {
            writer.text(2, chain);
        }
    });
}

/// The elements as the kernel takes them for the kind of set.
pub(crate) fn encode_intervals<'a>(set: &Set, elements: &'a [Element]) -> Vec<ListedElement<'a>> {
    let mut listed = Vec::with_capacity(elements.len() * if set.interval { 2 } else { 1 });
    for (index, element) in elements.iter().enumerate() {
        let concatenated = set.concatenated_intervals();
        let last = || element.last.as_ref().unwrap_or(&element.key).encode();
        listed.push(ListedElement {
            key: element.key.encode(),
            key_end: concatenated.then(last),
            interval_end: false,
            element: Some(element),
            index,
        });
        // A single key in such a set is a range of one.
        if set.interval && !concatenated {
            listed.extend(interval_end(element, index));
        }
    }
    listed
}

/// The first key behind a range, which ends it; there is none behind the last possible key.
fn interval_end(element: &Element, index: usize) -> Option<ListedElement<'_>> {
    let last = element.last.as_ref().unwrap_or(&element.key).encode();
    successor(last).map(|key| ListedElement {
        key,
        key_end: None,
        interval_end: true,
        element: None,
        index,
    })
}

/// The next number in network order.
fn successor(mut octets: Vec<u8>) -> Option<Vec<u8>> {
    for octet in octets.iter_mut().rev() {
        let (next, carry) = octet.overflowing_add(1);
        *octet = next;
        if !carry {
            return Some(octets);
        }
    }
    None
}

impl From<Value> for Element {
    fn from(value: Value) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_behind_their_last_key() {
        assert_eq!(successor(vec![10, 255, 255]), Some(vec![11, 0, 0]));
        assert_eq!(successor(vec![255, 255]), None);
    }
}
