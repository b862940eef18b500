//! Sets as netlink attributes.

use std::time::Duration;

use super::userdata::{comment_tlv, tlv_u32, typeof_tlv};
use super::{MapData, Set};
use crate::expression::Expression;
use crate::netlink::Writer;
use crate::statement::Key;
use crate::types::{DataType, Order, concatenation};

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
/// Octets of a verdict in the kernel: `sizeof(struct nft_verdict)` on machines of 64 bits.
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
            // The kernel refuses a timeout for a set without the flag.
            (self.timeouts || self.timeout.is_some(), flag::TIMEOUT),
            // A set to which rules add elements needs a layout that can grow while packets read it.
            (self.dynamic, flag::DYNAMIC),
            // Without it the kernel would take the set for a tree of single keys.
            (self.concatenated_intervals(), flag::CONCATENATION),
            (self.counters, flag::EXPRESSION),
        ];
        let wanted = flags.iter().filter(|(wanted, _)| *wanted);
        wanted.fold(0, |all, (_, flag)| all | flag)
    }

    /// Writes a set that gets `id` within its batch.
    pub(crate) fn encode(&self, table: &str, id: u32, anonymous: bool, writer: &mut Writer) {
        writer.u32(attribute::ID, id);
        self.encode_definition(table, anonymous, writer);
    }

    /// Writes what the kernel keeps of a set.
    pub(crate) fn encode_definition(&self, table: &str, anonymous: bool, writer: &mut Writer) {
        Self::encode_name(table, &self.name, writer);
        writer.u32(attribute::FLAGS, self.flags(anonymous));
        let (number, len) = concatenation(&self.key);
        // The kernel only returns the type; the length decides how keys are compared.
        writer.u32(attribute::KEY_TYPE, number);
        writer.u32(attribute::KEY_LEN, u32::try_from(len).unwrap_or(u32::MAX));
        self.encode_data_type(writer);
        self.encode_description(writer);
        self.encode_times(writer);
        writer.bytes(attribute::USERDATA, &self.userdata());
        // The template of the counters that elements get.
        if self.counters {
            writer.nested(attribute::EXPR, |writer| {
                Expression::Counter { packets: 0, bytes: 0 }.encode(writer);
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

    /// The size, and for ranges of a concatenation the lengths of its parts: the kernel compares part by
    /// part, and cannot know from the length of the key where each begins.
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
            let len = u32::try_from(part.octets()).unwrap_or(u32::MAX);
            writer.nested(1, |writer| writer.u32(1, len));
        }
    }

    fn encode_times(&self, writer: &mut Writer) {
        if let Some(timeout) = self.timeout {
            writer.u64(attribute::TIMEOUT, milliseconds(timeout));
        }
        if let Some(interval) = self.gc_interval {
            // The kernel has 32 bits for this time, and 64 for timeouts.
            let interval = u32::try_from(milliseconds(interval)).unwrap_or(u32::MAX);
            writer.u32(attribute::GC_INTERVAL, interval);
        }
    }

    /// What the `nft` program needs to print the set as it is meant, such as the byte order of keys and data;
    /// the kernel only keeps it.
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

/// A time in the unit of the kernel's attributes.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
