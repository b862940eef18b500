//! Packets that rules log to a netlink group ([`Log::group`](crate::Log::group)).

mod packet;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

pub use packet::Logged;

use crate::error::Error;
use crate::netlink::{Header, Messages, Socket, Writer, flag};

/// `NFNL_SUBSYS_ULOG`
const SUBSYSTEM: u16 = 4;
/// `enum nfulnl_msg_types`
const PACKET: u16 = 0;
const CONFIG: u16 = 1;
/// `NFULA_CFG_CMD`, `NFULA_CFG_MODE`, `NFULA_CFG_TIMEOUT`
const COMMAND: u16 = 1;
const MODE: u16 = 2;
const TIMEOUT: u16 = 4;
/// `NFULNL_CFG_CMD_BIND`
const BIND: u8 = 1;
/// `NFULNL_COPY_PACKET`
const COPY_PACKET: u8 = 2;

/// A netlink socket that receives the packets of one group in its network namespace. It becomes readable when
/// there are some.
#[derive(Debug)]
pub struct LoggedPackets {
    socket: Socket,
}

impl LoggedPackets {
    /// Receives the packets that rules of the calling thread's network namespace log to `group`: `octets` of
    /// each, and no later than after `delay` hundredths of a second.
    ///
    /// # Errors
    /// The kernel has no such log; or another program receives the group (`EPERM`).
    pub fn open(group: u16, octets: u32, delay: u32) -> Result<Self, Error> {
        let socket = Socket::open().map_err(|error| Error::socket("open", error))?;
        let mut packets = Self { socket };
        // The other settings belong to the group, which exists when it is bound.
        packets.configure(group, |writer| writer.u8(COMMAND, BIND))?;
        let mode = mode(octets);
        packets.configure(group, |writer| writer.bytes(MODE, &mode))?;
        // The kernel collects packets to send several in one datagram; this limits how long.
        packets.configure(group, |writer| writer.u32(TIMEOUT, delay))?;
        Ok(packets)
    }

    fn configure(&mut self, group: u16, fill: impl Fn(&mut Writer)) -> Result<(), Error> {
        let head = Header {
            kind: SUBSYSTEM << 8 | CONFIG,
            flags: flag::REQUEST,
            resource: group,
            ..Header::default()
        };
        self.socket
            .request("bind to an NFLOG group", head, fill, |_| Ok(()))
    }

    /// The packets that have come, without waiting. What the socket could not hold is lost.
    ///
    /// # Errors
    /// The socket does not work, or a message is malformed.
    pub fn receive(&mut self) -> Result<Vec<Logged>, Error> {
        let mut packets = Vec::new();
        loop {
            match self.socket.receive() {
                Ok(None) => return Ok(packets),
                Ok(Some(datagram)) => {
                    for message in Messages::new(datagram) {
                        let message = message?;
                        if message.kind == SUBSYSTEM << 8 | PACKET {
                            packets.push(Logged::read(&message)?);
                        }
                    }
                }
                // The queue overflowed. Logs are samples: what is lost is lost, and later packets are still
                // read.
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
                Err(error) => return Err(Error::socket("receive", error)),
            }
        }
    }
}

/// `struct nfulnl_msg_config_mode`
fn mode(octets: u32) -> [u8; 6] {
    let [a, b, c, d] = octets.to_be_bytes();
    [a, b, c, d, COPY_PACKET, 0]
}

impl AsFd for LoggedPackets {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for LoggedPackets {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_fd().as_raw_fd()
    }
}
