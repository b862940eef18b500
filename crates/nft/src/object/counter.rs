//! Named counters.

use super::comment_tlv;
use crate::netlink::Writer;

/// A counter that rules refer to by name ([`Rule::counter_named`](crate::Rule::counter_named)).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Counter {
    /// Its name, unique among the counters of its table.
    pub name: String,
    /// Packets counted.
    pub packets: u64,
    /// Octets counted.
    pub bytes: u64,
    /// At most 127 octets.
    pub comment: Option<String>,
}

/// `enum nft_object_attributes`
mod attribute {
    pub(super) const TABLE: u16 = 1;
    pub(super) const NAME: u16 = 2;
    pub(super) const TYPE: u16 = 3;
    pub(super) const DATA: u16 = 4;
    pub(super) const USERDATA: u16 = 8;
}

/// `NFT_OBJECT_COUNTER`
pub(crate) const OBJECT_COUNTER: u32 = 1;

/// Writes the values of a counter: `enum nft_counter_attributes`.
pub(crate) fn encode_values(writer: &mut Writer, packets: u64, bytes: u64) {
    writer.u64(1, bytes);
    writer.u64(2, packets);
}

impl Counter {
    /// A counter at zero.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            packets: 0,
            bytes: 0,
            comment: None,
        }
    }

    /// Sets the comment.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    pub(crate) fn encode(&self, table: &str, writer: &mut Writer) {
        writer.text(attribute::TABLE, table);
        writer.text(attribute::NAME, &self.name);
        writer.u32(attribute::TYPE, OBJECT_COUNTER);
        writer.nested(attribute::DATA, |writer| {
            encode_values(writer, self.packets, self.bytes);
        });
        if let Some(comment) = &self.comment {
            writer.bytes(attribute::USERDATA, &comment_tlv(0, comment));
        }
    }
}
