//! The plugin's end of the socket.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::protocol::{Reply, Request};

/// Why the agent did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// It has said why.
    #[error("{0}")]
    Refused(String),
    /// It has not answered in time.
    #[error("the Kinglet agent of this node ({socket}): no answer in time, after {patience:?}", socket = socket.display())]
    Silent { socket: PathBuf, patience: Duration },
    /// It cannot be reached, or its answer cannot be read.
    #[error("the Kinglet agent of this node ({socket}): {source}; is it running?", socket = socket.display())]
    Unreachable { socket: PathBuf, source: io::Error },
}

/// Sends a line and waits for one.
pub(crate) fn ask(socket: &Path, patience: Duration, request: &Request) -> Result<(), AskError> {
    match exchange(socket, patience, request) {
        Ok(Reply { error: None }) => Ok(()),
        Ok(Reply { error: Some(error) }) => Err(AskError::Refused(error)),
        // What a read that takes longer than SO_RCVTIMEO returns on Linux (socket(7)).
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(AskError::Silent {
            socket: socket.to_owned(),
            patience,
        }),
        Err(source) => Err(AskError::Unreachable {
            socket: socket.to_owned(),
            source,
        }),
    }
}

fn exchange(socket: &Path, patience: Duration, request: &Request) -> io::Result<Reply> {
    let mut stream = UnixStream::connect(socket)?;
    // Without a limit a stopped agent would hold the runtime, which runs plugins of a pod one by one.
    stream.set_read_timeout(Some(patience))?;
    let line = serde_json::to_string(request)? + "\n";
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}
