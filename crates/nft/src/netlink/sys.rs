//! The system calls of a netlink socket. The only `unsafe` code of the crate.
//!
//! `std` knows no netlink, so socket, address and options go through `libc`. Every pointer handed to the
//! kernel points to a local variable or a borrowed slice that outlives the call, with the length of exactly
//! that memory.

#![allow(unsafe_code, reason = "audited system calls; see each block")]

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{c_int, c_void, sockaddr_nl, socklen_t};

/// A new netlink socket for a protocol of netlink, in the network namespace of the calling thread.
pub(super) fn open(protocol: c_int) -> io::Result<OwnedFd> {
    // Programs that the process starts must not inherit the owner of a table.
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: takes integers only.
    let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, protocol) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just returned this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Gives the socket an address, and returns it: the port id.
pub(super) fn bind(socket: BorrowedFd<'_>) -> io::Result<u32> {
    // SAFETY: the structure consists of integers, for which zero is a value.
    let mut address: sockaddr_nl = unsafe { zeroed() };
    // With port 0 the kernel chooses one: the process ID if no other socket of the process has it.
    address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    let mut len = size_of::<sockaddr_nl>() as socklen_t;
    // SAFETY: the address is a local variable of the length given, which the kernel only reads.
    check(unsafe {
        let address = std::ptr::addr_of!(address).cast();
        libc::bind(socket.as_raw_fd(), address, len)
    })?;
    // SAFETY: the kernel writes at most `len` octets into the local variable, and the length into `len`.
    check(unsafe {
        let address = std::ptr::addr_of_mut!(address).cast();
        libc::getsockname(socket.as_raw_fd(), address, &raw mut len)
    })?;
    Ok(address.nl_pid)
}

/// Makes the socket hear what the kernel tells a group.
pub(super) fn join(socket: BorrowedFd<'_>, group: c_int) -> io::Result<()> {
    set_option(socket, libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, group)
}

/// Sets an option whose value is an integer.
pub(super) fn set_option(
    socket: BorrowedFd<'_>,
    level: c_int,
    option: c_int,
    value: c_int,
) -> io::Result<()> {
    // SAFETY: the value is an integer that outlives the call, and its size is given.
    check(unsafe {
        let value = std::ptr::addr_of!(value).cast::<c_void>();
        let len = size_of::<c_int>() as socklen_t;
        libc::setsockopt(socket.as_raw_fd(), level, option, value, len)
    })
}

/// Sends a datagram to the kernel.
pub(super) fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let data = bytes.as_ptr().cast::<c_void>();
    // SAFETY: the kernel only reads the slice, whose length is given.
    let sent = unsafe { libc::send(socket.as_raw_fd(), data, bytes.len(), 0) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Takes a datagram that has arrived, without waiting. Returns its whole length, which may exceed the
/// buffer's.
pub(super) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
    let data = buffer.as_mut_ptr().cast::<c_void>();
    // SAFETY: the kernel writes at most as many octets as the slice has, which is borrowed mutably.
    let received = unsafe { libc::recv(socket.as_raw_fd(), data, buffer.len(), flags) };
    usize::try_from(received).map_err(|_| io::Error::last_os_error())
}

fn check(result: c_int) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
