//! Streams in the messages of a WebSocket: the first byte of a message names its channel.

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use hyper::body::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::streams::{Carrier, size};
use crate::kubelet::output::Channel;

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const RESIZE: u8 = 4;
/// Of `v5`: the channel that the second byte names is closed.
const CLOSE: u8 = 255;

/// Bytes of a tunnel that may wait.
const TUNNEL: usize = 64 << 10;
/// Most bytes in a message of a tunnel.
const PIECE: usize = 32 << 10;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The server's end of a WebSocket.
pub(super) async fn accept(upgraded: Upgraded) -> Socket {
    WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await
}

/// Carries streams until both sides are done.
pub(super) async fn carry(socket: Socket, carrier: Carrier) {
    let Carrier {
        stdin,
        sizes,
        output,
        gone,
    } = carrier;
    let (sink, source) = socket.split();
    let heard = async {
        listen(source, stdin, sizes).await;
        gone.cancel();
        // What is still to be said has nobody who hears it, but the writer finds out by itself.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = heard => {}
        told = tell(sink, output) => {
            if let Err(error) = told {
                tracing::debug!(%error, "a client of a pod has left");
            }
        }
    }
    gone.cancel();
}

/// Passes on what the client sends. Goes on reading when the input is closed: the client's pings are answered
/// meanwhile.
async fn listen(
    mut source: SplitStream<Socket>,
    mut stdin: Option<tokio::sync::mpsc::Sender<Bytes>>,
    sizes: tokio::sync::mpsc::Sender<crate::kubelet::terminal::Size>,
) {
    while let Some(Ok(message)) = source.next().await {
        let mut bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(text) => text.into(),
            Message::Close(_) => return,
            _ => continue,
        };
        if bytes.is_empty() {
            continue;
        }
        match bytes.split_to(1)[0] {
            STDIN => {
                if let Some(open) = &stdin
                    && !bytes.is_empty()
                    && open.send(bytes).await.is_err()
                {
                    stdin = None;
                }
            }
            CLOSE if bytes.first() == Some(&STDIN) => stdin = None,
            RESIZE => {
                if let Some(size) = size(&bytes) {
                    // The program may have ended.
                    let _ = sizes.send(size).await;
                }
            }
            _ => {}
        }
    }
}

async fn tell(
    mut sink: SplitSink<Socket, Message>,
    mut output: tokio::sync::mpsc::Receiver<(Channel, Bytes)>,
) -> Result<(), Error> {
    // Some clients wait for a first message to know that the connection stands, as kubelets send it.
    sink.send(Message::Binary(Bytes::from_static(&[STDOUT]))).await?;
    while let Some((channel, chunk)) = output.recv().await {
        let mut message = Vec::with_capacity(chunk.len() + 1);
        message.push(match channel {
            Channel::Stdout => STDOUT,
            Channel::Stderr => STDERR,
            Channel::Status => STATUS,
        });
        message.extend_from_slice(&chunk);
        sink.send(Message::Binary(message.into())).await?;
    }
    sink.send(goodbye()).await
}

/// Clients take an end without this code for an error (RFC 6455, 7.4.1).
fn goodbye() -> Message {
    Message::Close(Some(CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    }))
}

/// The bytes in the messages of a WebSocket as one stream, for a protocol within it.
pub(super) fn tunnel(socket: Socket) -> DuplexStream {
    let (inner, outer) = tokio::io::duplex(TUNNEL);
    tokio::spawn(async move {
        if let Err(error) = dig(socket, outer).await {
            tracing::debug!(%error, "a tunnel ended");
        }
    });
    inner
}

async fn dig(socket: Socket, stream: DuplexStream) -> Result<(), Error> {
    let (mut sink, mut source) = socket.split();
    let (mut read, mut write) = tokio::io::split(stream);
    let inward = async {
        while let Some(message) = source.next().await {
            match message? {
                Message::Binary(bytes) => write.write_all(&bytes).await?,
                Message::Close(_) => break,
                _ => {}
            }
        }
        write.shutdown().await?;
        Ok::<_, Error>(())
    };
    let outward = async {
        let mut buffer = vec![0; PIECE];
        loop {
            match read.read(&mut buffer).await? {
                0 => return sink.send(goodbye()).await,
                count => {
                    let message = Bytes::copy_from_slice(&buffer[..count]);
                    sink.send(Message::Binary(message)).await?;
                }
            }
        }
    };
    tokio::try_join!(inward, outward).map(|_| ())
}
