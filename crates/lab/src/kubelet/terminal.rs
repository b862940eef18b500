//! Terminals of programs: the kubelet has the one end, the program the other.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use nix::libc::{O_NOCTTY, O_NONBLOCK};
use serde::Deserialize;
use tokio::net::unix::pipe;

use crate::sys;

/// Size of a terminal in characters, as clients send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Size {
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// The kubelet's end of a terminal. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Terminal {
    controller: Arc<File>,
}

impl Terminal {
    /// A new terminal, and the program's end of it.
    pub(crate) fn open() -> io::Result<(Self, File)> {
        let controller = File::options()
            .read(true)
            .write(true)
            .custom_flags(O_NOCTTY | O_NONBLOCK)
            .open("/dev/ptmx")?;
        let program = sys::terminal_of(&controller)?;
        let controller = Arc::new(controller);
        Ok((Self { controller }, program))
    }

    /// Reads what the program writes.
    pub(crate) fn reader(&self) -> io::Result<pipe::Receiver> {
        // Not checked to be a pipe: what counts is that it can be waited for.
        pipe::Receiver::from_file_unchecked(self.controller.try_clone()?)
    }

    /// Writes what the program reads.
    pub(crate) fn writer(&self) -> io::Result<pipe::Sender> {
        pipe::Sender::from_file_unchecked(self.controller.try_clone()?)
    }

    /// Sets the size; the program is told by SIGWINCH.
    pub(crate) fn resize(&self, size: Size) -> io::Result<()> {
        sys::set_terminal_size(&self.controller, size.height, size.width)
    }
}
