//! A connection with its streams.

use std::collections::HashMap;
use std::io;

use hyper::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use super::frame::{self, Received, Sent};
use super::headers::{Decoder, Encoder, Headers};

/// How many pieces of a stream may wait to be taken. Then the whole connection waits, as with a kubelet.
const WAITING: usize = 16;
/// Most open streams of a connection.
const STREAMS: usize = 2000;

/// The server's end of a connection.
pub(in super::super) struct Session {
    opened: mpsc::Receiver<Stream>,
}

/// A stream that a client has opened.
pub(in super::super) struct Stream {
    headers: Headers,
    /// What the client writes; it ends when the client finishes or resets the stream.
    pub(in super::super) input: mpsc::Receiver<Bytes>,
    pub(in super::super) output: Output,
}

/// Writes to a stream.
#[derive(Clone)]
pub(in super::super) struct Output {
    stream: u32,
    frames: mpsc::Sender<Sent>,
}

impl Session {
    /// Begins to serve a connection; it ends when the client has left and all outputs are dropped.
    pub(in super::super) fn start(connection: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        let (read, write) = tokio::io::split(connection);
        let (frames, queue) = mpsc::channel(WAITING);
        let (opener, opened) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            if let Err(error) = receive(read, opener, frames).await {
                tracing::debug!(%error, "a SPDY connection ended early");
            }
        });
        tokio::spawn(async move {
            if let Err(error) = send(write, queue).await {
                tracing::debug!(%error, "a SPDY connection ended early");
            }
        });
        Self { opened }
    }

    /// The next stream; `None` when the client has left.
    pub(in super::super) async fn accept(&mut self) -> Option<Stream> {
        self.opened.recv().await
    }
}

impl Stream {
    /// The value of a header; its name is in lower case.
    pub(in super::super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Output {
    pub(in super::super) async fn write(&self, bytes: Bytes) -> io::Result<()> {
        self.send(bytes, false).await
    }

    /// Says that nothing more comes.
    pub(in super::super) async fn finish(&self) -> io::Result<()> {
        self.send(Bytes::new(), true).await
    }

    async fn send(&self, bytes: Bytes, fin: bool) -> io::Result<()> {
        let stream = self.stream;
        let sent = self.frames.send(Sent::Data { stream, bytes, fin }).await;
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

async fn receive(
    read: impl AsyncRead + Unpin,
    opener: mpsc::Sender<Stream>,
    frames: mpsc::Sender<Sent>,
) -> io::Result<()> {
    let mut read = BufReader::new(read);
    let mut decoder = Decoder::new()?;
    let mut inputs: HashMap<u32, mpsc::Sender<Bytes>> = HashMap::new();
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    while let Some(received) = frame::read(&mut read).await? {
        match received {
            Received::Open { stream, block, fin } => {
                let headers = decoder.decode(&block)?;
                if inputs.len() >= STREAMS {
                    return Err(io::Error::other("too many streams"));
                }
                let (sender, input) = mpsc::channel(WAITING);
                if !fin {
                    inputs.insert(stream, sender);
                }
                // Clients wait for it before they use the stream.
                frames.send(Sent::Reply { stream }).await.map_err(|_| gone(()))?;
                let output = Output {
                    stream,
                    frames: frames.clone(),
                };
                let opened = Stream {
                    headers,
                    input,
                    output,
                };
                opener.send(opened).await.map_err(|_| gone(()))?;
            }
            Received::Data { stream, bytes, fin } => {
                let open = inputs.get(&stream);
                let taken = match open {
                    Some(input) if !bytes.is_empty() => input.send(bytes).await.is_ok(),
                    _ => true,
                };
                if fin || !taken {
                    inputs.remove(&stream);
                }
            }
            Received::Reset { stream } => {
                inputs.remove(&stream);
            }
            // Its own have odd numbers; this side sends none.
            Received::Ping { id } => frames.send(Sent::Ping { id }).await.map_err(|_| gone(()))?,
            Received::GoAway | Received::Other => {}
        }
    }
    Ok(())
}

async fn send(mut write: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Sent>) -> io::Result<()> {
    let mut encoder = Encoder::new();
    while let Some(frame) = queue.recv().await {
        let block = match &frame {
            Sent::Reply { .. } => encoder.empty()?,
            _ => Vec::new(),
        };
        write.write_all(&frame.encode(&block)).await?;
        write.flush().await?;
    }
    write.shutdown().await
}
