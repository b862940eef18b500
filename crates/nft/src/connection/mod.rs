//! The connection to the kernel's nftables.

mod commit;
mod differences;
mod list;
mod request;

use crate::batch::Batch;
use crate::error::Error;
use crate::netlink::Socket;
use crate::object::{Family, Ownership, Table};

/// A netlink socket for nftables. A table with an owner belongs to the connection that created or adopted it.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
}

impl Connection {
    /// Connects to the network namespace of the calling thread, in which the connection stays when it moves
    /// to another thread.
    pub fn open() -> Result<Self, Error> {
        let socket = Socket::open().map_err(|error| Error::socket("open", error))?;
        Ok(Self { socket })
    }

    /// The port of the socket, by which the kernel knows the connection as the owner of tables.
    pub fn port(&self) -> u32 {
        self.socket.port()
    }

    /// Applies a batch, all of it or nothing.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), Error> {
        self.transmit(batch, true)
    }

    /// Lets the kernel check a batch without applying it. What it checks only when it commits, such as loops
    /// of chains, may go unnoticed.
    pub fn check(&mut self, batch: &Batch) -> Result<(), Error> {
        self.transmit(batch, false)
    }

    /// The best ownership of tables that outlives the connection: owned and persistent from Linux 6.9 on,
    /// shared before.
    pub fn ownership(&mut self) -> Result<Ownership, Error> {
        // There is no other way to ask: old kernels know only that they do not know a flag. The name is
        // unique in the namespace, since ports are, and a check leaves no trace.
        let name = format!("kinglet-probe-{}", self.port());
        let wanted = Ownership::OwnedPersistent;
        let mut probe = Batch::new();
        probe.create_table(&Table::new(Family::Inet, name).ownership(wanted));
        match self.check(&probe) {
            Ok(()) => Ok(wanted),
            Err(error) if matches!(error.errno(), Some(libc::EOPNOTSUPP | libc::EINVAL)) => {
                Ok(Ownership::Shared)
            }
            Err(error) => Err(error),
        }
    }
}
