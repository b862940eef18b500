//! A netlink socket.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::sys;

/// Room for one datagram of answers; the kernel fills at most 32 KiB for a dump.
const RECEIVE: usize = 256 * 1024;
/// Octets of answers that may wait in the socket: the kernel puts all errors of a batch there before `send`
/// returns, one for each of many thousand messages.
const RECEIVE_QUEUE: i32 = 8 * 1024 * 1024;

/// An open socket. The kernel handles a request within `send` and has put the answers into the queue when
/// that returns, so that receiving never waits.
#[derive(Debug)]
pub(crate) struct Socket {
    fd: OwnedFd,
    port: u32,
    sequence: u32,
    send_buffer: usize,
    buffer: Vec<u8>,
}

impl Socket {
    /// Opens a socket for netfilter in the network namespace of the calling thread; it stays there when it
    /// moves to another thread.
    pub(crate) fn open() -> io::Result<Self> {
        Self::of(libc::NETLINK_NETFILTER)
    }

    /// The same for routing: links, addresses, routes.
    pub(crate) fn of_routing() -> io::Result<Self> {
        Self::of(libc::NETLINK_ROUTE)
    }

    fn of(protocol: i32) -> io::Result<Self> {
        let fd = sys::open(protocol)?;
        let port = sys::bind(fd.as_fd())?;
        let socket = Self {
            fd,
            port,
            sequence: 1,
            send_buffer: 0,
            buffer: vec![0; RECEIVE],
        };
        // Errors say which attribute is at fault, by which the element is found that the kernel refused.
        socket.set(libc::SOL_NETLINK, libc::NETLINK_EXT_ACK, 1)?;
        // Errors do not copy the whole message back, which for lists of elements would soon fill the queue.
        socket.set(libc::SOL_NETLINK, libc::NETLINK_CAP_ACK, 1)?;
        // Goes beyond net.core.rmem_max, but needs CAP_NET_ADMIN.
        let forced = socket.set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_QUEUE);
        if forced.is_err() {
            socket.set(libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_QUEUE)?;
        }
        Ok(socket)
    }

    /// Receives the notifications of a multicast group, too.
    pub(crate) fn join(&self, group: i32) -> io::Result<()> {
        sys::join(self.fd.as_fd(), group)
    }

    /// The port, which is the address of the socket: by it the kernel knows the owner of a table.
    pub(crate) fn port(&self) -> u32 {
        self.port
    }

    /// Reserves `count` sequence numbers and returns the first.
    pub(crate) fn sequence(&mut self, count: u32) -> u32 {
        let first = self.sequence;
        self.sequence = first.wrapping_add(count);
        first
    }

    /// Sends a datagram whole, whatever its length.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.make_room(bytes.len());
        loop {
            match sys::send(self.fd.as_fd(), bytes) {
                Ok(_) => return Ok(()),
                // A signal came before the kernel took the datagram: nothing was sent.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next datagram of answers, if there is one.
    pub(crate) fn receive(&mut self) -> io::Result<Option<&[u8]>> {
        let len = loop {
            match sys::receive(self.fd.as_fd(), &mut self.buffer) {
                Ok(len) => break len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        };
        // With MSG_TRUNC this is the length of the datagram; a longer one than the buffer has lost its end.
        let datagram = self.buffer.get(..len);
        datagram.map(Some).ok_or(io::ErrorKind::InvalidData.into())
    }

    /// Discards answers that nobody waits for, and pending errors such as ENOBUFS, which the kernel would
    /// else report to the next request.
    pub(crate) fn drain(&mut self) {
        // No answer is shorter than 32 octets. The bound is for a socket that always has something to
        // receive.
        let most = 2 * RECEIVE_QUEUE / 32;
        for _ in 0..most {
            if matches!(self.receive(), Ok(None)) {
                return;
            }
        }
    }

    /// Enlarges the send buffer for a datagram: the kernel refuses one that does not fit (`EMSGSIZE`), and a
    /// batch must be one datagram.
    fn make_room(&mut self, len: usize) {
        let wanted = len.saturating_mul(2).saturating_add(4096);
        if wanted <= self.send_buffer {
            return;
        }
        // The kernel doubles the value, for its own data about the buffers.
        let value = i32::try_from(wanted / 2).unwrap_or(i32::MAX / 2);
        let forced = self.set(libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, value);
        let set = forced.or_else(|_| self.set(libc::SOL_SOCKET, libc::SO_SNDBUF, value));
        if set.is_ok() {
            self.send_buffer = wanted;
        }
    }

    fn set(&self, level: i32, option: i32, value: i32) -> io::Result<()> {
        sys::set_option(self.fd.as_fd(), level, option, value)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
