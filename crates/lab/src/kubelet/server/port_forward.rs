//! Passes connections on to ports of a pod. For each, a client opens two streams with the same request: one
//! for bytes, one for an error.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::spdy::{Session, Stream};
use crate::netns::Namespace;
use crate::place::Place;

/// Most bytes that are passed on at once.
const PIECE: usize = 32 << 10;

/// Serves a client until it leaves; its connections end with it.
pub(super) async fn serve(place: &Place, mut session: Session) {
    let mut waiting: HashMap<String, Stream> = HashMap::new();
    let mut connections = JoinSet::new();
    while let Some(stream) = session.accept().await {
        let request = stream.header("requestid").unwrap_or_default().to_owned();
        match waiting.remove(&request) {
            None => {
                waiting.insert(request, stream);
            }
            Some(other) => {
                connections.spawn(connection(place.clone(), other, stream));
                // Only to give their memory back.
                while connections.try_join_next().is_some() {}
            }
        }
    }
}

async fn connection(place: Place, one: Stream, other: Stream) {
    let is_error = one.header("streamtype") == Some("error");
    let (errors, data) = if is_error { (one, other) } else { (other, one) };
    let port = data.header("port").unwrap_or_default().to_owned();
    let outcome = match port.parse() {
        Ok(port) => forward(&place.namespace, port, data).await,
        Err(_) => Err(io::Error::other(format!("{port:?} is not a port"))),
    };
    if let Err(error) = outcome {
        let pod = &place.description.label;
        let message = format!("failed to connect to port {port} inside pod {pod}: {error}");
        // The client may have left.
        let _ = errors.output.write(message.into()).await;
    }
    let _ = errors.output.finish().await;
}

/// An error is one of connecting; how a connection ends is between its two ends.
async fn forward(namespace: &Namespace, port: u16, data: Stream) -> io::Result<()> {
    let server = match connect(namespace, port).await {
        Ok(server) => server,
        Err(error) => {
            let _ = data.output.finish().await;
            return Err(error);
        }
    };
    let (mut read, mut write) = server.into_split();
    let Stream {
        mut input, output, ..
    } = data;
    let inward = async move {
        while let Some(bytes) = input.recv().await {
            write.write_all(&bytes).await?;
        }
        write.shutdown().await
    };
    let outward = async move {
        let mut buffer = vec![0; PIECE];
        loop {
            match read.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    if output.write(buffer[..count].to_vec().into()).await.is_err() {
                        break;
                    }
                }
            }
        }
        let _ = output.finish().await;
    };
    tokio::pin!(inward, outward);
    tokio::select! {
        // Nothing more comes back: the client closes its end when it has read all.
        () = &mut outward => {}
        // A server that wants no more may still answer, and the client waits for the end of that.
        _ = &mut inward => outward.await,
    }
    Ok(())
}

/// Connects as a program in the pod would that asks for localhost.
async fn connect(namespace: &Namespace, port: u16) -> io::Result<TcpStream> {
    let first = connect_to(namespace, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)).await;
    match first {
        Ok(stream) => Ok(stream),
        Err(error) => {
            let second = SocketAddr::new(IpAddr::from(Ipv6Addr::LOCALHOST), port);
            connect_to(namespace, second).await.map_err(|_| error)
        }
    }
}

async fn connect_to(namespace: &Namespace, address: SocketAddr) -> io::Result<TcpStream> {
    let stream = namespace.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
