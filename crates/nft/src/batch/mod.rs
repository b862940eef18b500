//! Batches: operations that the kernel applies all together or not at all.
//!
//! A batch is one datagram: NFNL_MSG_BATCH_BEGIN, a message for each operation, NFNL_MSG_BATCH_END. The
//! kernel checks and prepares one message after another. At the end it makes all changes visible at once, as
//! a new generation of the rules, unless any message had an error.

mod elements;
mod objects;
mod operation;

pub(crate) use elements::attribute as list_attribute;
pub use operation::{Action, ObjectKind, Operation};

use crate::error::Error;
use crate::netlink::{Header, Writer, flag, header, kind, patch_length};
use crate::object::Table;
use crate::statement::InvalidReason;

/// `NFNL_SUBSYS_NFTABLES`
pub(crate) const SUBSYSTEM: u16 = 10;
/// `NFNL_BATCH_GENID`
const BATCH_GENERATION: u16 = 1;
/// Longest name that the kernel accepts: `NFT_NAME_MAXLEN` without the NUL.
const NAME: usize = 255;

/// Operations in order, encoded as they are added. Nothing happens before
/// [`Connection::commit`](crate::Connection::commit), which also reports an operation that could not be
/// encoded.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    pub(crate) queued: Vec<Queued>,
    generation: Option<u32>,
    next_set: u32,
    invalid: Option<Error>,
}

/// A message of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) operation: Operation,
    /// Where the message starts in the batch's octets.
    pub(crate) start: usize,
    /// For elements: which of the caller's elements each one of the message stands for.
    pub(crate) elements: Vec<u32>,
}

/// A batch with the sequence numbers of one transmission.
#[derive(Debug)]
pub(crate) struct Transmission {
    pub(crate) bytes: Vec<u8>,
    /// Sequence number of the beginning; that of operation `i` is `first + 1 + i`.
    pub(crate) first: u32,
    /// Where the operations start in `bytes`.
    pub(crate) operations_at: usize,
}

impl Batch {
    /// A batch that does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing to be done.
    pub fn is_empty(&self) -> bool {
        // An operation that could not be encoded is reported by the commit, which must not be skipped for
        // want of others.
        self.queued.is_empty() && self.invalid.is_none()
    }

    /// Messages to be sent; an operation on many elements takes several.
    pub fn len(&self) -> usize {
        self.queued.len()
    }

    /// Makes the kernel refuse the batch with `ERESTART` if anybody changed anything since this generation
    /// ([`Connection::generation`](crate::Connection::generation)): what was read to make the batch may be
    /// stale.
    pub fn expect_generation(&mut self, generation: u32) -> &mut Self {
        self.generation = Some(generation);
        self
    }

    /// Reports an operation that could not be encoded.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.invalid.clone().map_or(Ok(()), Err)
    }

    /// Sequence numbers that a transmission takes.
    pub(crate) fn sequences(&self) -> u32 {
        // The beginning and the end of the batch have numbers, too.
        u32::try_from(self.queued.len())
            .unwrap_or(u32::MAX)
            .saturating_add(2)
    }

    /// The octets to be sent, which end with the order to apply them unless only a check is wanted.
    pub(crate) fn transmission(&self, first: u32, apply: bool) -> Transmission {
        // Copied, since a batch may be sent again with other sequence numbers.
        let mut bytes = Vec::with_capacity(self.bytes.len() + 64);
        self.begin(first, &mut bytes);
        let operations_at = bytes.len();
        bytes.extend_from_slice(&self.bytes);
        let mut sequence = first;
        for queued in &self.queued {
            // Each message has a number of its own, by which an error names its operation.
            sequence = sequence.wrapping_add(1);
            // `nlmsg_seq`
            let at = operations_at + queued.start + 8;
            if let Some(field) = bytes.get_mut(at..at + 4) {
                field.copy_from_slice(&sequence.to_ne_bytes());
            }
        }
        self.acknowledge_last(operations_at, &mut bytes);
        // Without an end the kernel checks all operations and then takes them back.
        if apply {
            end(sequence.wrapping_add(1), &mut bytes);
        }
        Transmission {
            bytes,
            first,
            operations_at,
        }
    }

    fn begin(&self, sequence: u32, bytes: &mut Vec<u8>) {
        header(bytes, batch_header(kind::BATCH_BEGIN, sequence));
        if let Some(generation) = self.generation {
            let mut writer = Writer::on(std::mem::take(bytes));
            writer.u32(BATCH_GENERATION, generation);
            *bytes = writer.finish();
        }
        patch_length(bytes, 0);
    }

    /// Asks for an acknowledgement of the last operation. The kernel reports nothing but errors by itself:
    /// silence would not prove that it has seen the batch. One acknowledgement is enough, since all or
    /// nothing is applied.
    fn acknowledge_last(&self, operations_at: usize, bytes: &mut [u8]) {
        let Some(last) = self.queued.last() else { return };
        // `nlmsg_flags`
        let at = operations_at + last.start + 6;
        if let Some([low, high]) = bytes.get_mut(at..at + 2) {
            let flags = u16::from_ne_bytes([*low, *high]) | flag::ACK;
            [*low, *high] = flags.to_ne_bytes();
        }
    }

    /// Adds a message.
    fn push(
        &mut self,
        operation: Operation,
        message: u16,
        flags: u16,
        fill: impl FnOnce(&mut Writer),
    ) -> &mut Self {
        self.push_elements(operation, message, flags, Vec::new(), fill)
    }

    fn push_elements(
        &mut self,
        operation: Operation,
        message: u16,
        flags: u16,
        elements: Vec<u32>,
        fill: impl FnOnce(&mut Writer),
    ) -> &mut Self {
        if let Some(reason) = bad_name(&operation) {
            return self.fail(operation, reason);
        }
        let start = self.bytes.len();
        let head = Header {
            kind: SUBSYSTEM << 8 | message,
            flags: flag::REQUEST | flags,
            family: operation.family.number(),
            ..Header::default()
        };
        header(&mut self.bytes, head);
        let mut writer = Writer::on(std::mem::take(&mut self.bytes));
        fill(&mut writer);
        let oversized = writer.oversized();
        self.bytes = writer.finish();
        patch_length(&mut self.bytes, start);
        if oversized {
            // The batch is not sent then, but later operations must still find a well-formed buffer.
            self.bytes.truncate(start);
            return self.fail(operation, InvalidReason::TooLong);
        }
        self.queued.push(Queued {
            operation,
            start,
            elements,
        });
        self
    }

    /// Keeps the first operation that cannot be encoded.
    fn fail(&mut self, operation: Operation, reason: InvalidReason) -> &mut Self {
        let invalid = Error::Invalid {
            operation: Box::new(operation),
            reason: Box::new(reason),
        };
        self.invalid.get_or_insert(invalid);
        self
    }

    fn operation(action: Action, object: ObjectKind, table: &Table, name: &str) -> Operation {
        Operation {
            action,
            object,
            family: table.family,
            table: table.name.clone(),
            name: name.to_owned(),
            handle: None,
        }
    }
}

fn batch_header(kind: u16, sequence: u32) -> Header {
    Header {
        kind,
        flags: flag::REQUEST,
        sequence,
        family: 0,
        // The whole batch belongs to this subsystem: the kernel refuses messages of any other (`EINVAL`).
        resource: SUBSYSTEM,
    }
}

fn end(sequence: u32, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    header(bytes, batch_header(kind::BATCH_END, sequence));
    patch_length(bytes, start);
}

/// Refuses what the kernel would cut (a name with a NUL) or refuse without saying why (one that is too long).
fn bad_name(operation: &Operation) -> Option<InvalidReason> {
    let bad = |name: &&String| name.len() > NAME || name.contains('\0');
    let name = [&operation.table, &operation.name].into_iter().find(bad)?;
    Some(InvalidReason::Name(name.clone(), NAME))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::object::{Element, Family, Set};
    use crate::types::DataType;

    #[test]
    fn a_batch_is_framed_and_numbered() {
        let mut batch = Batch::new();
        batch
            .delete_table(&Table::new(Family::Ip, "t"))
            .expect_generation(258);
        let sent = batch.transmission(7, true);
        let expected = [
            &[28, 0, 0, 0, 16, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10][..],
            &[8, 0, 1, 0, 0, 0, 1, 2],
            &[28, 0, 0, 0, 2, 10, 5, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0],
            &[6, 0, 1, 0, b't', 0, 0, 0],
            &[20, 0, 0, 0, 17, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10],
        ];
        assert_eq!(sent.bytes, expected.concat());
        let check = batch.transmission(7, false);
        assert_eq!(check.bytes, expected[..4].concat());
    }

    #[test]
    fn a_range_is_two_elements() {
        let set = Set::new("s", [DataType::Ipv4Addr]).interval();
        let range = Element::range(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 255));
        let mut batch = Batch::new();
        batch.add_elements(&Table::new(Family::Inet, "t"), &set, &[range]);
        let names = &batch.bytes[16..36];
        assert_eq!(
            names,
            [1, 0, 0, 0, 6, 0, 1, 0, b't', 0, 0, 0, 6, 0, 2, 0, b's', 0, 0, 0]
        );
        let list = [
            &[44, 0, 3, 0x80][..],
            &[16, 0, 1, 0x80, 12, 0, 1, 0x80, 8, 0, 1, 0, 10, 0, 0, 1],
            &[
                24, 0, 1, 0x80, 12, 0, 1, 0x80, 8, 0, 1, 0, 10, 0, 1, 0, 8, 0, 3, 0, 0, 0, 0, 1,
            ],
        ];
        assert_eq!(batch.bytes[36..], list.concat());
    }

    #[test]
    fn long_lists_are_split() {
        let set = Set::new("s", [DataType::Ipv4Addr]);
        let elements: Vec<Element> = (0..2_500)
            .map(|index| Element::new(Ipv4Addr::from(index)))
            .collect();
        let mut batch = Batch::new();
        batch.add_elements(&Table::new(Family::Inet, "t"), &set, &elements);
        let counts: Vec<usize> = batch.queued.iter().map(|queued| queued.elements.len()).collect();
        assert_eq!(counts, [1_000, 1_000, 500]);
        let long = elements
            .into_iter()
            .map(|element| element.comment("x".repeat(127)));
        let mut batch = Batch::new();
        batch.add_elements(&Table::new(Family::Inet, "t"), &set, &long.collect::<Vec<_>>());
        assert!(batch.check().is_ok());
        assert_eq!(
            batch
                .queued
                .iter()
                .map(|queued| queued.elements.len())
                .sum::<usize>(),
            2_500
        );
        assert!(batch.queued.len() > 6);
    }
}
