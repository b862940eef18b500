//! Changes of entries, and their messages.

use super::attribute;
use super::entry::{Entry, Tuple};
use crate::netlink::{Header, Writer, flag, header, patch_length};

/// `NFNL_SUBSYS_CTNETLINK`
pub(super) const SUBSYSTEM: u16 = 1;
/// `IPCTNL_MSG_CT_NEW`, `IPCTNL_MSG_CT_DELETE`
const NEW: u16 = 0;
const DELETE: u16 = 2;

/// A change of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Deletes the entry, if it is still the same.
    Delete(Entry),
    /// Deletes the entry that has this tuple in its original direction, in a zone.
    DeleteTuple(Tuple, u16),
    /// Sets the bits of `mask` to those of `mark`; other bits stay.
    Mark {
        /// The entry's tuple in its original direction.
        original: Tuple,
        /// The entry's zone.
        zone: u16,
        /// The bits.
        mark: u32,
        /// Which bits are set.
        mask: u32,
    },
}

impl Change {
    /// Appends the message of the change.
    pub(super) fn append_to(&self, mut bytes: Vec<u8>, sequence: u32) -> Vec<u8> {
        let start = bytes.len();
        let (message, original) = match self {
            Self::Delete(entry) => (DELETE, &entry.original),
            Self::DeleteTuple(original, _) => (DELETE, original),
            Self::Mark { original, .. } => (NEW, original),
        };
        // IPCTNL_MSG_CT_NEW without NLM_F_CREATE changes an entry and fails with ENOENT if there is none.
        let head = Header {
            kind: SUBSYSTEM << 8 | message,
            flags: flag::REQUEST | flag::ACK,
            sequence,
            family: original.family().number(),
            ..Header::default()
        };
        header(&mut bytes, head);
        let mut writer = Writer::on(bytes);
        self.encode(&mut writer);
        let mut bytes = writer.finish();
        patch_length(&mut bytes, start);
        bytes
    }

    fn encode(&self, writer: &mut Writer) {
        match self {
            Self::Delete(entry) => {
                entry.original.encode(attribute::ORIGINAL, writer);
                zone(entry.zone, writer);
                // Without it, a new connection with the same tuple would be deleted in place of the old one.
                writer.u32(attribute::ID, entry.id);
            }
            Self::DeleteTuple(original, number) => {
                original.encode(attribute::ORIGINAL, writer);
                zone(*number, writer);
            }
            Self::Mark {
                original,
                zone: number,
                mark,
                mask,
            } => {
                original.encode(attribute::ORIGINAL, writer);
                zone(*number, writer);
                // The kernel clears the bits of the mask and flips those of the mark.
                writer.u32(attribute::MARK, mark & mask);
                writer.u32(attribute::MARK_MASK, *mask);
            }
        }
    }
}

fn zone(zone: u16, writer: &mut Writer) {
    // Kernels without CONFIG_NF_CONNTRACK_ZONES refuse the attribute, and an entry without zone is in zone 0.
    if zone != 0 {
        writer.u16(attribute::ZONE, zone);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn a_mark_is_written_with_its_mask() {
        let address = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
        let change = Change::Mark {
            original: Tuple::new(17, (address(1), 258), (address(2), 53)),
            zone: 3,
            mark: 0xff01,
            mask: 0xff,
        };
        let mut writer = Writer::default();
        change.encode(&mut writer);
        let expected = [
            &[52, 0, 1, 0x80, 20, 0, 1, 0x80][..],
            &[8, 0, 1, 0, 10, 0, 0, 1, 8, 0, 2, 0, 10, 0, 0, 2],
            &[
                28, 0, 2, 0x80, 5, 0, 1, 0, 17, 0, 0, 0, 6, 0, 2, 0, 1, 2, 0, 0, 6, 0, 3, 0, 0, 53, 0, 0,
            ],
            &[6, 0, 18, 0, 0, 3, 0, 0],
            &[8, 0, 8, 0, 0, 0, 0, 1, 8, 0, 21, 0, 0, 0, 0, 0xff],
        ];
        assert_eq!(writer.finish(), expected.concat());
    }
}
