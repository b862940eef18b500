//! The system calls of the tests.

#![allow(unsafe_code, reason = "system calls that std lacks; see each block")]

use std::io;

/// Moves the calling thread into a new network namespace, which vanishes with the thread and its sockets.
pub(crate) fn enter_new_namespace() -> io::Result<()> {
    // SAFETY: takes an integer only.
    match unsafe { libc::unshare(libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
