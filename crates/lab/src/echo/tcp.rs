//! TCP: HTTP when it looks like HTTP, else one line and every byte back.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::netns::Namespace;

use super::http;
use super::reply::Reply;
use super::shared::Shared;

/// Listens on all addresses of both families, where the namespace has both.
pub(super) fn bind(namespace: &Namespace, port: u16) -> io::Result<TcpListener> {
    let listener = namespace.run(|| {
        std::net::TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|error| {
            if error.kind() == io::ErrorKind::AddrInUse {
                return Err(error);
            }
            // A kernel without IPv6.
            std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        })
    });
    let listener =
        listener.map_err(|error| io::Error::new(error.kind(), format!("listen on {port}/TCP: {error}")))?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

pub(super) async fn serve(listener: TcpListener, shared: Shared) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, client)) => {
                let connection = connection(stream, client, shared.clone());
                shared.tasks.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%client, %error, "echo: connection ended");
                    }
                });
            }
            Err(error) => {
                tracing::debug!(%error, "echo: cannot accept");
                // Usually a lack of file descriptors: others have to run before there can be one.
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn connection(stream: TcpStream, client: SocketAddr, shared: Shared) -> io::Result<()> {
    let mut first = [0; 8];
    let seen = tokio::select! {
        // Peeked at, not read: hyper reads the request from its first byte.
        seen = stream.peek(&mut first) => seen?,
        () = shared.closing.cancelled() => return Ok(()),
    };
    let reply = Reply::new(&shared.identity, "TCP", client, stream.local_addr()?);
    if looks_like_http(&first[..seen]) {
        http::serve(stream, reply, shared).await
    } else {
        tokio::select! {
            ended = echo(stream, &reply) => ended,
            () = shared.closing.cancelled() => Ok(()),
        }
    }
}

/// An HTTP/1 request, or the preface of HTTP/2, begins with a word in capitals.
fn looks_like_http(start: &[u8]) -> bool {
    let word = start.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    word >= 3 && (word == start.len() || start[word] == b' ')
}

async fn echo(mut stream: TcpStream, reply: &Reply) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    let mut told = false;
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        if !std::mem::replace(&mut told, true) {
            stream.write_all(&reply.line()).await?;
        }
        stream.write_all(&buffer[..read]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_told_from_other_bytes() {
        for (start, expected) in [
            (&b"GET / HT"[..], true),
            (b"PRI * HT", true),
            (b"OPTIONS ", true),
            (b"PROPFIND", true),
            (b"probe\n", false),
            (b"HI\n", false),
            (b"GETX\n", false),
            (b"", false),
        ] {
            assert_eq!(looks_like_http(start), expected, "{start:?}");
        }
    }
}
