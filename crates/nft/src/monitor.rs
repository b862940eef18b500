//! Notifications of changes that anybody makes.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use crate::batch::SUBSYSTEM;
use crate::error::Error;
use crate::netlink::{Message, Messages, Socket};
use crate::object::Table;

/// `NFNLGRP_NFTABLES`
const GROUP: i32 = 7;
/// Of the messages about tables, chains, rules, sets, elements, objects and flowtables the attribute with the
/// table's name (`NFTA_TABLE_NAME`, `NFTA_CHAIN_TABLE`, ...).
const TABLE_NAME: u16 = 1;
/// `NFT_MSG_NEWGEN`: the end of a transaction; it names no table.
const NEW_GENERATION: u16 = 15;

/// A netlink socket that receives notifications of all changes of nftables in its network namespace. It
/// becomes readable when there are some.
#[derive(Debug)]
pub struct Monitor {
    socket: Socket,
}

impl Monitor {
    /// Receives the notifications of the calling thread's network namespace.
    ///
    /// # Errors
    /// The socket cannot be opened.
    pub fn open() -> Result<Self, Error> {
        let opened = Socket::open().and_then(|socket| socket.join(GROUP).map(|()| socket));
        let socket = opened.map_err(|error| Error::socket("open", error))?;
        Ok(Self { socket })
    }

    /// Takes all notifications that have come, without waiting. Returns whether anybody but the connection
    /// with the port `own` ([`Connection::port`](crate::Connection::port)) changed the table, or may have:
    /// lost notifications count as such a change.
    ///
    /// # Errors
    /// The socket does not work, or a notification is malformed.
    pub fn changed_by_others(&mut self, table: &Table, own: u32) -> Result<bool, Error> {
        let mut changed = false;
        loop {
            match self.socket.receive() {
                Ok(None) => return Ok(changed),
                Ok(Some(datagram)) => {
                    for message in Messages::new(datagram) {
                        changed |= is_about(&message?, table, own);
                    }
                }
                Err(error) if lost(&error) => changed = true,
                Err(error) => return Err(Error::socket("receive", error)),
            }
        }
    }
}

/// Whether notifications were lost: the queue overflowed (`ENOBUFS`), or the buffer was too small.
fn lost(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOBUFS) || error.kind() == io::ErrorKind::InvalidData
}

fn is_about(message: &Message<'_>, table: &Table, own: u32) -> bool {
    // A notification has the port of the socket whose batch caused it.
    let ours = message.port == own || message.family() != table.family.number();
    if ours || message.kind >> 8 != SUBSYSTEM || message.kind & 0xff == NEW_GENERATION {
        return false;
    }
    let mut attributes = message.attributes().map_while(Result::ok);
    attributes.any(|attribute| attribute.kind == TABLE_NAME && attribute.text() == table.name)
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Monitor {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_fd().as_raw_fd()
    }
}
