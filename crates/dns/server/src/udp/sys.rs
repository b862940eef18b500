//! The system calls that move many datagrams at once. The only `unsafe` code of the crate.
//!
//! `recvmmsg` and `sendmmsg` have no safe wrapper: they take arrays of structures full of pointers. Here,
//! every pointer handed to the kernel points into memory that [`Batch`] owns, or that outlives the call by
//! borrowing.

#![allow(unsafe_code, reason = "audited system calls; see each block")]

use std::cell::UnsafeCell;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd};

use kinglet_dns_wire::MIN_UDP;
use libc::{c_int, c_uint, c_void, iovec, mmsghdr, msghdr, sockaddr_storage, socklen_t};

use crate::metrics::Family;

/// Most datagrams per call. Enough to make the cost of a call small; the first reply of a batch waits for the
/// last.
pub(super) const BATCH: usize = 64;
/// Longest query that is received whole; longer ones are cut off and thereby malformed. A question takes at
/// most 271 octets with its header; the rest is for EDNS options such as padding (RFC 7830).
const QUERY: usize = 2048;
/// Room for one control message with the address that a datagram came to (40 octets for IPv6).
const CONTROL: usize = 64;

/// Whom to reply to, and from which address.
#[derive(Clone, Copy)]
pub(crate) struct ReplyTo {
    peer: sockaddr_storage,
    peer_len: socklen_t,
    control: Control,
    control_len: usize,
}

/// Memory for control messages: whole words, because `cmsghdr` must be aligned.
type Control = [u64; CONTROL / 8];

/// What the kernel writes for one datagram.
struct Slot {
    query: [u8; QUERY],
    to: ReplyTo,
}

/// Datagrams that are received together, and their replies.
pub(super) struct Batch {
    /// In cells, because the kernel writes into them through the pointers in `headers`.
    slots: Box<[UnsafeCell<Slot>]>,
    /// One for each slot, used as the target of `headers` only.
    vectors: Box<[UnsafeCell<iovec>]>,
    /// Headers for receiving, which point into `slots` and `vectors`.
    headers: Box<[mmsghdr]>,
    /// Whether control messages are wanted.
    control: bool,
    /// Replies by slot; an empty one is not sent.
    replies: Vec<Vec<u8>>,
    received: usize,
}

impl Batch {
    /// An empty batch; `control` if the socket tells to which address a datagram came.
    pub(super) fn new(control: bool) -> Self {
        let slot = || {
            UnsafeCell::new(Slot {
                query: [0; QUERY],
                to: ReplyTo::none(),
            })
        };
        let empty = || {
            UnsafeCell::new(iovec {
                iov_base: std::ptr::null_mut(),
                iov_len: 0,
            })
        };
        let mut batch = Self {
            slots: (0..BATCH).map(|_| slot()).collect(),
            vectors: (0..BATCH).map(|_| empty()).collect(),
            headers: (0..BATCH).map(|_| no_header()).collect(),
            control,
            replies: (0..BATCH).map(|_| Vec::with_capacity(MIN_UDP)).collect(),
            received: 0,
        };
        batch.prepare(BATCH);
        batch
    }

    /// Points the first `count` headers at their slots, whole again.
    fn prepare(&mut self, count: usize) {
        for ((header, slot), vector) in self
            .headers
            .iter_mut()
            .zip(&self.slots)
            .zip(&self.vectors)
            .take(count)
        {
            let (slot, vector) = (slot.get(), vector.get());
            // SAFETY: `slot` and `vector` come from cells that this batch owns, and no reference into them is
            // alive: `get` and `split` borrow the batch, which is borrowed mutably here. `addr_of_mut` makes
            // no reference.
            unsafe {
                (*vector).iov_base = std::ptr::addr_of_mut!((*slot).query).cast::<c_void>();
                (*vector).iov_len = QUERY;
                header.msg_hdr.msg_name = std::ptr::addr_of_mut!((*slot).to.peer).cast::<c_void>();
                header.msg_hdr.msg_control = std::ptr::addr_of_mut!((*slot).to.control).cast::<c_void>();
            }
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_namelen = size_of::<sockaddr_storage>() as socklen_t;
            header.msg_hdr.msg_controllen = if self.control { CONTROL } else { 0 };
            header.msg_hdr.msg_flags = 0;
        }
    }

    /// Waits for a datagram and takes all that are there, up to [`BATCH`]; returns their number.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        // The kernel has replaced lengths and flags of the headers that it filled; the others are still
        // whole.
        self.prepare(self.received);
        self.received = 0;
        // MSG_WAITFORONE waits for the first datagram only; without it the call would return when the whole
        // batch is full. No timeout: the kernel looks at it only after a datagram (recvmmsg(2), "Bugs").
        //
        // SAFETY: the headers point at memory of this batch (see `prepare`), which lives on the heap and is
        // not touched by anybody else during the call; the number of headers is that of the array; a null
        // timeout means none.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                self.headers.len() as c_uint,
                libc::MSG_WAITFORONE,
                std::ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (header, slot) in self.headers.iter().zip(&mut self.slots).take(received) {
            let to = &mut slot.get_mut().to;
            to.peer_len = header.msg_hdr.msg_namelen;
            to.control_len = header.msg_hdr.msg_controllen.min(CONTROL);
            to.forget_interface();
        }
        self.received = received;
        Ok(received)
    }

    /// Datagram `index`, whom to reply to, and where to write the reply, which is empty.
    pub(super) fn split(&mut self, index: usize) -> Option<(&[u8], &ReplyTo, &mut Vec<u8>)> {
        let len = self.headers.get(index).map(|header| header.msg_len as usize)?;
        let slot = self.slots.get_mut(index)?.get_mut();
        let reply = self.replies.get_mut(index)?;
        reply.clear();
        Some((slot.query.get(..len)?, &slot.to, reply))
    }

    /// Sends the replies that are not empty. One that cannot be sent is left out.
    pub(super) fn send(&mut self, socket: BorrowedFd<'_>) {
        let mut vectors: [iovec; BATCH] = [iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        }; BATCH];
        let mut headers = [no_header(); BATCH];
        let mut count = 0;
        let replies = self.replies.iter().zip(&mut self.slots).take(self.received);
        let full = replies.filter(|(reply, _)| !reply.is_empty());
        for (((reply, slot), vector), header) in full.zip(&mut vectors).zip(&mut headers) {
            slot.get_mut().to.point(reply, vector, &mut header.msg_hdr);
            count += 1;
        }
        // The socket blocks: while its buffer is full, queries wait in the receive buffer, and are dropped by
        // the kernel when that is full, too.
        let mut rest = headers.get_mut(..count).unwrap_or_default();
        while !rest.is_empty() {
            // SAFETY: the headers point at `vectors`, at replies and at slots of this batch, all of which
            // outlive the call and are only read by the kernel; their number is that of the slice.
            let sent =
                unsafe { libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), rest.len() as c_uint, 0) };
            // The call stops at the first datagram that fails, and reports the error only if it is the first
            // of all: leave that one out (an unreachable client, say) and go on.
            let done = usize::try_from(sent).unwrap_or(1).max(1).min(rest.len());
            rest = rest.split_at_mut(done).1;
        }
    }
}

impl ReplyTo {
    fn none() -> Self {
        // SAFETY: `sockaddr_storage` consists of integers, for which zero is a value.
        let peer = unsafe { zeroed() };
        Self {
            peer,
            peer_len: 0,
            control: [0; CONTROL / 8],
            control_len: 0,
        }
    }

    /// The family of the client's address; an IPv4 client of an IPv6 socket counts as IPv4.
    pub(super) fn family(&self) -> Family {
        let mapped = || {
            // SAFETY: the family says that the storage, which is large and aligned enough for any address,
            // holds an IPv6 address.
            let address = unsafe { &*std::ptr::addr_of!(self.peer).cast::<libc::sockaddr_in6>() };
            address
                .sin6_addr
                .s6_addr
                .starts_with(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
        };
        match c_int::from(self.peer.ss_family) {
            libc::AF_INET6 if !mapped() => Family::V6,
            _ => Family::V4,
        }
    }

    /// Keeps the address that a datagram came to, so that the reply leaves from it, but not the interface:
    /// routing decides that, and the way back may be another one.
    fn forget_interface(&mut self) {
        // SAFETY: a header of zeros is a value; it is filled with a pointer to `control`, which is aligned
        // for `cmsghdr` and at least `control_len` long. CMSG_FIRSTHDR checks that a control header fits; the
        // payload is written only if `cmsg_len` covers it, and the kernel wrote that length within the
        // buffer.
        unsafe {
            let mut header: msghdr = zeroed();
            header.msg_control = std::ptr::addr_of_mut!(self.control).cast::<c_void>();
            header.msg_controllen = self.control_len;
            let first = libc::CMSG_FIRSTHDR(&raw const header);
            if first.is_null() {
                self.control_len = 0;
                return;
            }
            let payload = libc::CMSG_DATA(first);
            match ((*first).cmsg_level, (*first).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO)
                    if (*first).cmsg_len
                        >= libc::CMSG_LEN(size_of::<libc::in_pktinfo>() as c_uint) as usize =>
                {
                    let info = payload.cast::<libc::in_pktinfo>();
                    (*info).ipi_ifindex = 0;
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO)
                    if (*first).cmsg_len
                        >= libc::CMSG_LEN(size_of::<libc::in6_pktinfo>() as c_uint) as usize =>
                {
                    let info = payload.cast::<libc::in6_pktinfo>();
                    // Link-local addresses mean nothing without their interface.
                    if (*info).ipi6_addr.s6_addr.first() != Some(&0xFE) {
                        (*info).ipi6_ifindex = 0;
                    }
                }
                _ => self.control_len = 0,
            }
        }
    }

    /// Fills a header for sending `reply`. The header is valid as long as `self`, `reply` and `vector` are.
    fn point(&mut self, reply: &[u8], vector: &mut iovec, header: &mut msghdr) {
        vector.iov_base = reply.as_ptr().cast_mut().cast::<c_void>();
        vector.iov_len = reply.len();
        header.msg_name = std::ptr::addr_of_mut!(self.peer).cast::<c_void>();
        header.msg_namelen = self.peer_len;
        header.msg_iov = vector;
        header.msg_iovlen = 1;
        if self.control_len > 0 {
            header.msg_control = std::ptr::addr_of_mut!(self.control).cast::<c_void>();
            header.msg_controllen = self.control_len;
        }
    }

    /// Sends one reply without waiting for room: a reply that does not fit into the socket's buffer is lost,
    /// as datagrams may be.
    pub(crate) fn send(mut self, socket: BorrowedFd<'_>, reply: &[u8]) -> io::Result<()> {
        let mut header = no_header().msg_hdr;
        let mut vector = iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        };
        self.point(reply, &mut vector, &mut header);
        // SAFETY: the header points at `self`, `reply` and `vector`, which outlive the call and are only read
        // by the kernel.
        // MSG_DONTWAIT: this runs on a thread of the runtime, which must not block.
        let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT) };
        if sent < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

// SAFETY: the raw pointers in `headers` and `vectors` point into memory that the batch owns on the heap, so
// that they stay valid when the batch moves to another thread.
unsafe impl Send for Batch {}

fn no_header() -> mmsghdr {
    // SAFETY: the structure consists of integers and pointers, for which zero is a value.
    unsafe { zeroed() }
}

/// Asks the kernel to tell to which address each datagram came (needed where the socket listens on all
/// addresses).
pub(crate) fn receive_destination(socket: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    let (level, option) = if v6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
    let on: c_int = 1;
    // SAFETY: the value is an integer that outlives the call, and its size is given.
    let result = unsafe {
        let value = std::ptr::addr_of!(on).cast::<c_void>();
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            value,
            size_of::<c_int>() as socklen_t,
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
