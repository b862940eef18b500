//! What programs write: chunks on their way from a program to whoever listens.

use std::time::Duration;

use hyper::body::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Most bytes of a chunk.
const CHUNK: usize = 32 << 10;
/// How long a program that has ended may have children that say nothing and keep its output open.
const LINGER: Duration = Duration::from_millis(500);

/// A way from a program to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
    /// How it ended, as a `Status` (meta/v1).
    Status,
}

/// A piece of output.
pub(crate) type Chunk = (Channel, Bytes);

/// Passes on what comes until it ends, or until `ended` is cancelled and nothing comes any more. Waits for
/// who is slow to take it.
pub(crate) async fn pump(
    mut from: impl AsyncRead + Unpin,
    channel: Channel,
    to: mpsc::Sender<Chunk>,
    ended: CancellationToken,
) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let quiet = async {
            ended.cancelled().await;
            tokio::time::sleep(LINGER).await;
        };
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            () = quiet => return,
        };
        match read {
            // A terminal whose last program has gone answers EIO.
            Ok(0) | Err(_) => return,
            Ok(count) => {
                let chunk = Bytes::copy_from_slice(&buffer[..count]);
                if to.send((channel, chunk)).await.is_err() {
                    return;
                }
            }
        }
    }
}
