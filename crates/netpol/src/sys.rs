//! The only `unsafe` code of the crate: tokio asks for a promise about descriptors.

#![allow(unsafe_code, reason = "see the block")]

use std::io;

use kinglet_nft::{LoggedPackets, Monitor};
use tokio::io::unix::AsyncFd;

/// Waits for the socket in the runtime.
pub(crate) fn register(monitor: Monitor) -> io::Result<AsyncFd<Monitor>> {
    // SAFETY: the monitor owns its descriptor, which stays the same and open until the monitor is dropped, by
    // `AsyncFd` after deregistration.
    let registered = unsafe { AsyncFd::register(monitor) };
    Ok(registered?)
}

/// The same for logged packets.
pub(crate) fn register_log(packets: LoggedPackets) -> io::Result<AsyncFd<LoggedPackets>> {
    // SAFETY: as above.
    let registered = unsafe { AsyncFd::register(packets) };
    Ok(registered?)
}
