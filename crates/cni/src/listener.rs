//! The agent's end of the socket.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::protocol::{Reply, Request};

/// Longest line of a request, in octets: nobody fills the agent's memory.
const LONGEST: u64 = 64 * 1024;
/// How long a request may take to arrive: a connection without one must not stay for ever.
const PATIENCE: Duration = Duration::from_secs(5);

/// Does what plugins ask for.
pub trait Handler: Send + Sync + 'static {
    /// Why a request cannot be done; its text goes to the pod's Events.
    type Error: Display + Send;

    /// Does what a request asks for; the answer goes back when it is done.
    ///
    /// # Errors
    /// It cannot be done.
    fn handle(&self, request: Request) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// A socket that plugins connect to. It is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Listens on a path, for root only, in the place of what an earlier run left there.
    ///
    /// # Errors
    /// The path cannot be made, or another process listens there.
    pub fn bind(path: &Path) -> io::Result<Self> {
        // bind(2) fails on any file, also on the socket of a process that was killed. Only a connection tells
        // whether somebody listens.
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another process listens on it",
            ));
        }
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixListener::bind(path)?;
        // Who can connect can make pods known to the agent.
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(Self {
            socket,
            path: path.to_owned(),
        })
    }

    /// Answers requests until `stop` is cancelled.
    pub async fn serve(self, handler: Arc<impl Handler>, stop: CancellationToken) {
        while let Some(accepted) = stop.run_until_cancelled(self.socket.accept()).await {
            match accepted {
                Ok((stream, _)) => {
                    let (handler, stop) = (handler.clone(), stop.clone());
                    tokio::spawn(async move {
                        if let Some(Err(error)) = stop.run_until_cancelled(answer(stream, &*handler)).await {
                            tracing::debug!(%error, "cannot answer a CNI plugin");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, socket = %self.path.display(), "cannot accept connections of CNI plugins");
                    // Without a pause this loop would spin while the process has no file descriptors left.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Somebody may have removed it before.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(stream: UnixStream, handler: &impl Handler) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reading = BufReader::new(reading.take(LONGEST));
    tokio::time::timeout(PATIENCE, reading.read_line(&mut line)).await??;
    let error = match serde_json::from_str(&line) {
        Ok(request) => handler.handle(request).await.err().map(|error| error.to_string()),
        Err(error) => Some(format!("the agent cannot read the plugin's request: {error}")),
    };
    let reply = Reply { error };
    let line = serde_json::to_string(&reply)? + "\n";
    writing.write_all(line.as_bytes()).await
}
