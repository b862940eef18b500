//! Sets, maps and verdict maps.

use std::time::Duration;

use super::userdata::{comment_tlv, tlv_u32, typeof_tlv};
use crate::netlink::Writer;
use crate::statement::Key;
use crate::types::{DataType, Order, concatenation};

/// What a map maps to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MapData {
    /// What becomes of the packet.
    Verdict,
    /// A value or a concatenation.
    Types(Vec<DataType>),
}

/// A set or a map. Elements are given apart from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its name, unique in its table.
    pub name: String,
    /// The types of the key's parts.
    pub key: Vec<DataType>,
    /// Set for a map.
    pub data: Option<MapData>,
    /// Elements may be ranges; keys must be in network order (no marks).
    pub interval: bool,
    /// Elements may not change while a rule uses the set.
    pub constant: bool,
    /// Elements may have time-outs.
    pub timeouts: bool,
    /// Rules may add elements.
    pub dynamic: bool,
    /// Time-out of elements that have none of their own.
    pub timeout: Option<Duration>,
    /// How often expired elements are collected.
    pub gc_interval: Option<Duration>,
    /// Most elements.
    pub size: Option<u32>,
    /// Each element counts packets and octets.
    pub counters: bool,
    /// The `nft` program merges adjacent ranges that it adds; the kernel does not care.
    pub auto_merge: bool,
    /// Printed instead of the key's types.
    pub typeof_key: Option<Key>,
    /// Printed instead of the data's types.
    pub typeof_data: Option<Key>,
    /// At most 127 octets.
    pub comment: Option<String>,
}

/// `enum nft_set_attributes`
mod attribute {
    pub(super) const TABLE: u16 = 1;
    pub(super) const NAME: u16 = 2;
    pub(super) const FLAGS: u16 = 3;
    pub(super) const KEY_TYPE: u16 = 4;
    pub(super) const KEY_LEN: u16 = 5;
    pub(super) const DATA_TYPE: u16 = 6;
    pub(super) const DATA_LEN: u16 = 7;
    pub(super) const DESC: u16 = 9;
    pub(super) const ID: u16 = 10;
    pub(super) const TIMEOUT: u16 = 11;
    pub(super) const GC_INTERVAL: u16 = 12;
    pub(super) const USERDATA: u16 = 13;
    pub(super) const EXPR: u16 = 17;
}

/// `enum nft_set_flags`
mod flag {
    pub(super) const ANONYMOUS: u32 = 0x1;
    pub(super) const CONSTANT: u32 = 0x2;
    pub(super) const INTERVAL: u32 = 0x4;
    pub(super) const MAP: u32 = 0x8;
    pub(super) const TIMEOUT: u32 = 0x10;
    pub(super) const DYNAMIC: u32 = 0x20;
    pub(super) const CONCATENATION: u32 = 0x80;
    pub(super) const EXPRESSION: u32 = 0x100;
}

/// `NFT_DATA_VERDICT`
pub(crate) const DATA_VERDICT: u32 = 0xffff_ff00;
/// Octets of a verdict in the kernel.
const VERDICT_LEN: u32 = 16;

/// Entries of a set's user data.
mod entry {
    pub(super) const KEY_ORDER: u8 = 0;
    pub(super) const DATA_ORDER: u8 = 1;
    pub(super) const MERGE: u8 = 2;
    pub(super) const KEY_TYPEOF: u8 = 3;
    pub(super) const DATA_TYPEOF: u8 = 4;
    pub(super) const COMMENT: u8 = 7;
}

impl Set {
    /// A set whose key has one part or several.
    pub fn new(name: impl Into<String>, key: impl Into<Vec<DataType>>) -> Self {
        Self {
            name: name.into(),
            key: key.into(),
            data: None,
            interval: false,
            constant: false,
            timeouts: false,
            dynamic: false,
            timeout: None,
            gc_interval: None,
            size: None,
            counters: false,
            auto_merge: false,
            typeof_key: None,
            typeof_data: None,
            comment: None,
        }
    }

    /// A map to values.
    pub fn map(
        name: impl Into<String>,
        key: impl Into<Vec<DataType>>,
        data: impl Into<Vec<DataType>>,
    ) -> Self {
        Self {
            data: Some(MapData::Types(data.into())),
            ..Self::new(name, key)
        }
    }

    /// A map to verdicts.
    pub fn vmap(name: impl Into<String>, key: impl Into<Vec<DataType>>) -> Self {
        Self {
            data: Some(MapData::Verdict),
            ..Self::new(name, key)
        }
    }

    /// Lets elements be ranges.
    pub fn interval(mut self) -> Self {
        self.interval = true;
        self
    }

    /// Forbids changes while a rule uses the set.
    pub fn constant(mut self) -> Self {
        self.constant = true;
        self
    }

    /// Lets rules add elements.
    pub fn dynamic(mut self) -> Self {
        self.dynamic = true;
        self
    }

    /// Lets elements have time-outs, without one for all.
    pub fn timeouts(mut self) -> Self {
        self.timeouts = true;
        self
    }

    /// Sets the time-out of elements that have none of their own.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how often expired elements are collected.
    pub fn gc_interval(mut self, interval: Duration) -> Self {
        self.gc_interval = Some(interval);
        self
    }

    /// Limits the number of elements.
    pub fn size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// Lets each element count.
    pub fn counters(mut self) -> Self {
        self.counters = true;
        self
    }

    /// Tells the `nft` program to merge ranges.
    pub fn auto_merge(mut self) -> Self {
        self.auto_merge = true;
        self
    }

    /// Makes the `nft` program print fields instead of the types of the key (`typeof`), which it must know: headers, meta, numgen.
    pub fn typeof_key(mut self, key: impl Into<Key>) -> Self {
        self.typeof_key = Some(key.into());
        self
    }

    /// As [`typeof_key`](Self::typeof_key), for the data.
    pub fn typeof_data(mut self, key: impl Into<Key>) -> Self {
        self.typeof_data = Some(key.into());
        self
    }

    /// Sets the comment.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Whether the set is kept as ranges of a concatenation, which have a start and an end in one element.
    pub(crate) fn concatenated_intervals(&self) -> bool {
        self.interval && self.key.len() > 1
    }

    /// The order of a key's octets: a concatenation has none.
    fn order(types: &[DataType]) -> u32 {
        match types {
            [single] if single.order() == Order::Host => 1,
            [_] => 2,
            _ => 0,
        }
    }

    fn flags(&self, anonymous: bool) -> u32 {
        let flags = [
            (anonymous, flag::ANONYMOUS),
            (self.constant, flag::CONSTANT),
            (self.interval, flag::INTERVAL),
            (self.data.is_some(), flag::MAP),
            (self.timeouts || self.timeout.is_some(), flag::TIMEOUT),
            (self.dynamic, flag::DYNAMIC),
            (self.concatenated_intervals(), flag::CONCATENATION),
            (self.counters, flag::EXPRESSION),
        ];
        let wanted = flags.iter().filter(|(wanted, _)| *wanted);
        wanted.fold(0, |all, (_, flag)| all | flag)
    }

    /// Writes a set that gets `id` within its batch.
    pub(crate) fn encode(&self, table: &str, id: u32, anonymous: bool, writer: &mut Writer) {
        Self::encode_name(table, &self.name, writer);
        writer.u32(attribute::FLAGS, self.flags(anonymous));
        let (number, len) = concatenation(&self.key);
        writer.u32(attribute::KEY_TYPE, number);
        writer.u32(attribute::KEY_LEN, u32::try_from(len).unwrap_or(u32::MAX));
        self.encode_data_type(writer);
        writer.u32(attribute::ID, id);
        self.encode_description(writer);
        self.encode_times(writer);
        writer.bytes(attribute::USERDATA, &self.userdata());
        if self.counters {
            writer.nested(attribute::EXPR, |writer| {
                crate::expression::Expression::Counter { packets: 0, bytes: 0 }.encode(writer);
            });
        }
    }

    pub(crate) fn encode_name(table: &str, name: &str, writer: &mut Writer) {
        writer.text(attribute::TABLE, table);
        writer.text(attribute::NAME, name);
    }

    fn encode_data_type(&self, writer: &mut Writer) {
        let (number, len) = match &self.data {
            None => return,
            Some(MapData::Verdict) => (DATA_VERDICT, VERDICT_LEN),
            Some(MapData::Types(types)) => {
                let (number, len) = concatenation(types);
                (number, u32::try_from(len).unwrap_or(u32::MAX))
            }
        };
        writer.u32(attribute::DATA_TYPE, number);
        writer.u32(attribute::DATA_LEN, len);
    }

    /// The size, and for ranges of a concatenation the lengths of its parts.
    fn encode_description(&self, writer: &mut Writer) {
        if self.size.is_none() && !self.concatenated_intervals() {
            return;
        }
        writer.nested(attribute::DESC, |writer| {
            if let Some(size) = self.size {
                writer.u32(1, size);
            }
            if self.concatenated_intervals() {
                writer.nested(2, |writer| self.encode_parts(writer));
            }
        });
    }

    fn encode_parts(&self, writer: &mut Writer) {
        for part in &self.key {
            let len = u32::try_from(part.len()).unwrap_or(u32::MAX);
            writer.nested(1, |writer| writer.u32(1, len));
        }
    }

    fn encode_times(&self, writer: &mut Writer) {
        if let Some(timeout) = self.timeout {
            writer.u64(attribute::TIMEOUT, milliseconds(timeout));
        }
        if let Some(interval) = self.gc_interval {
            let interval = u32::try_from(milliseconds(interval)).unwrap_or(u32::MAX);
            writer.u32(attribute::GC_INTERVAL, interval);
        }
    }

    /// What the `nft` program needs in order to print the set as it is meant.
    fn userdata(&self) -> Vec<u8> {
        let mut data = tlv_u32(entry::KEY_ORDER, Self::order(&self.key));
        if let Some(MapData::Types(types)) = &self.data {
            data.extend(tlv_u32(entry::DATA_ORDER, Self::order(types)));
        }
        if self.auto_merge {
            data.extend(tlv_u32(entry::MERGE, 1));
        }
        let typeof_of = |kind, key: &Option<Key>| key.as_ref().and_then(|key| typeof_tlv(kind, key));
        data.extend(typeof_of(entry::KEY_TYPEOF, &self.typeof_key).unwrap_or_default());
        data.extend(typeof_of(entry::DATA_TYPEOF, &self.typeof_data).unwrap_or_default());
        if let Some(comment) = &self.comment {
            data.extend(comment_tlv(entry::COMMENT, comment));
        }
        data
    }
}

/// The unit in which the kernel takes times.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
