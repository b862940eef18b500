//! Commands for a running lab, over a socket: one line of JSON each way.

use crate::error::LabError;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Time for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time to say a command; clients write it as soon as they are connected.
const SILENCE: Duration = Duration::from_secs(1);

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
pub enum Request {
    /// Cuts a node off.
    Partition {
        /// Its name.
        node: String,
    },
    /// Connects it again.
    Heal {
        /// Its name.
        node: String,
    },
    /// Kills a pod's sandbox with all that runs in it.
    Kill {
        /// `NAMESPACE/POD`.
        pod: String,
    },
    /// Ends the lab.
    Down,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Sends a command and waits until it is done.
pub(crate) fn send(socket: &Path, request: &Request) -> Result<(), LabError> {
    let answer = exchange(socket, request).map_err(|source| LabError::file(socket, source))?;
    match answer.error {
        None => Ok(()),
        Some(error) => Err(LabError::Refused(error)),
    }
}

fn exchange(socket: &Path, request: &Request) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    serde_json::to_writer(&stream, request)?;
    stream.write_all(b"\n")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Carries out commands until `stop` is cancelled.
pub(crate) async fn serve<F, Fut>(listener: UnixListener, handle: F, stop: CancellationToken)
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Result<(), LabError>>,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let served = match accepted {
            Ok((stream, _)) => answer(stream, &handle).await,
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a command could not be answered");
        }
    }
}

async fn answer<F, Fut>(stream: tokio::net::UnixStream, handle: &F) -> io::Result<()>
where
    F: Fn(Request) -> Fut,
    Fut: Future<Output = Result<(), LabError>>,
{
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    // Commands are answered one after another: who connects and says nothing must not hold up the others.
    timeout(SILENCE, tokio::io::BufReader::new(read).read_line(&mut line)).await??;
    let error = match serde_json::from_str(&line) {
        Ok(request) => handle(request).await.err().map(|error| error.to_string()),
        Err(error) => Some(format!("not a command: {error}")),
    };
    let mut text = serde_json::to_vec(&Answer { error })?;
    text.push(b'\n');
    write.write_all(&text).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commands_are_answered() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("control.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let stop = CancellationToken::new();
        let handle = |request| async move {
            match request {
                Request::Heal { .. } => Ok(()),
                other => Err(LabError::Refused(format!("no: {other:?}"))),
            }
        };
        let served = tokio::spawn(serve(listener, handle, stop.clone()));
        let asked = tokio::task::spawn_blocking(move || {
            let node = || "node-1".to_owned();
            let _silent = UnixStream::connect(&socket).unwrap();
            (
                send(&socket, &Request::Heal { node: node() }).is_ok(),
                send(&socket, &Request::Partition { node: node() })
                    .unwrap_err()
                    .to_string(),
            )
        });
        let (healed, refused) = asked.await.unwrap();
        assert!(healed);
        assert_eq!(refused, "no: Partition { node: \"node-1\" }");
        stop.cancel();
        served.await.unwrap();
    }
}
