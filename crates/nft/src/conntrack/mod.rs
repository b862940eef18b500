//! Connection tracking: lists entries, deletes them, changes their marks.
//!
//! Chains of type `nat` see only the first packet of a connection: the entry translates all others, and leads
//! them to the endpoint that was chosen first. UDP connections have no end, so that an entry lives as long as
//! packets come. Entries of endpoints that are gone must therefore be deleted. A bit of the mark tells rules
//! that a connection is no longer allowed.

mod attribute;
mod change;
mod decode;
mod entry;
mod filter;
mod tuple;

use std::collections::HashSet;

pub use change::Change;
pub use entry::{Entry, Layer4, Tuple};
pub use filter::Filter;

use crate::error::Error;
use crate::netlink::{Header, Messages, Socket, Writer, decode_ack, flag, kind};
use change::SUBSYSTEM;

/// `IPCTNL_MSG_CT_GET`
const GET: u16 = 1;

/// Most changes in one datagram.
const CHANGES: usize = 256;
/// Attempts to get a list whose dump is interrupted each time.
const ATTEMPTS: usize = 20;

/// A netlink socket for connection tracking.
#[derive(Debug)]
pub struct Conntrack {
    socket: Socket,
}

impl Conntrack {
    /// Connects to the network namespace of the calling thread, in which the connection stays when it moves
    /// to another thread.
    pub fn open() -> Result<Self, Error> {
        let socket = Socket::open().map_err(|error| Error::socket("open", error))?;
        Ok(Self { socket })
    }

    /// The entries that the filter lets pass. Each is there once, but those that come or go meanwhile may be
    /// missing.
    pub fn entries(&mut self, filter: &Filter) -> Result<Vec<Entry>, Error> {
        self.entries_if(filter, |_| true)
    }

    /// The same, but only those that are wanted are kept: a node may have a million entries.
    pub fn entries_if(
        &mut self,
        filter: &Filter,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<Entry>, Error> {
        for _ in 1..ATTEMPTS {
            match self.entries_once(filter, &wanted) {
                Err(Error::Interrupted) => {}
                done => return done,
            }
        }
        self.entries_once(filter, &wanted)
    }

    fn entries_once(
        &mut self,
        filter: &Filter,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<Entry>, Error> {
        // A dump, since the kernel looks single entries up by their whole tuple only.
        let head = Header {
            kind: SUBSYSTEM << 8 | GET,
            flags: flag::REQUEST | flag::DUMP,
            // AF_UNSPEC, 0, means entries of all families.
            family: filter.family.map_or(0, |family| family.number()),
            ..Header::default()
        };
        let mut entries = Vec::new();
        // The kernel dumps bucket by bucket; it repeats a bucket when the entry at which it paused is gone.
        let mut seen = HashSet::new();
        let fill = |writer: &mut Writer| filter.encode(writer);
        self.socket
            .request("list conntrack entries", head, fill, |message| {
                let take = |entry: &Entry| {
                    filter.matches(entry)
                        && wanted(entry)
                        && seen.insert((entry.original, entry.zone, entry.id))
                };
                entries.extend(decode::entry(message)?.filter(take));
                Ok(())
            })?;
        Ok(entries)
    }

    /// Applies changes one after another; returns how many entries were there. When one fails for another
    /// reason, those after it may have been applied, or not.
    pub fn apply(&mut self, changes: &[Change]) -> Result<usize, Error> {
        let mut found = 0;
        // The answers to one datagram must fit into the receive queue.
        for some in changes.chunks(CHANGES) {
            found += self.apply_some(some)?;
        }
        Ok(found)
    }

    fn apply_some(&mut self, changes: &[Change]) -> Result<usize, Error> {
        self.socket.drain();
        let count = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        let first = self.socket.sequence(count);
        let mut bytes = Vec::new();
        let mut sequence = first;
        for change in changes {
            bytes = change.append_to(bytes, sequence);
            sequence = sequence.wrapping_add(1);
        }
        let sent = self.socket.send(&bytes);
        sent.map_err(|error| Error::socket("send", error))?;
        self.outcomes(first, count)
    }

    /// Counts the acknowledgements; an entry that is not there is none.
    fn outcomes(&mut self, first: u32, count: u32) -> Result<usize, Error> {
        let (mut found, mut answered) = (0, 0);
        while answered < count {
            let received = self.socket.receive();
            let received = received.map_err(|error| Error::socket("receive", error))?;
            for message in Messages::new(received.ok_or(Error::NoAnswer)?) {
                let message = message?;
                // Acknowledgements have the type of errors, with the number 0.
                if message.kind != kind::ERROR || message.sequence.wrapping_sub(first) >= count {
                    continue;
                }
                answered += 1;
                match decode_ack(&message)?.errno {
                    0 => found += 1,
                    // It expired, or somebody else deleted it.
                    libc::ENOENT => {}
                    errno => {
                        // The kernel took the rest of the datagram nevertheless; those answers are drained
                        // before the next request.
                        let what = "change a conntrack entry";
                        return Err(Error::Refused { what, errno });
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Reads an entry, if the message is one, and its tuples again from what they are written as; whether it was
/// one.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_and_write_again(
    message: &crate::netlink::Message<'_>,
) -> Result<bool, crate::netlink::Malformed> {
    let Ok(Some(entry)) = decode::entry(message) else {
        return Ok(false);
    };
    for tuple in [entry.original, entry.reply] {
        let mut writer = Writer::default();
        tuple.encode(0, &mut writer);
        let written = writer.finish();
        let mut attributes = crate::netlink::Attributes::new(&written);
        let nested = attributes.next().transpose()?.map(|attribute| attribute.nested());
        let again = nested.map(decode::tuple).transpose()?.flatten();
        debug_assert_eq!(again, Some(tuple), "a tuple is read as it is written");
    }
    Ok(true)
}
