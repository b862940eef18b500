//! The demo's backends: HTTP servers that tell what reached them.

use std::convert::Infallible;
use std::fmt::Write;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Starts an echo server that answers until `stop` is cancelled.
pub(crate) async fn spawn(address: SocketAddr, stop: CancellationToken) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("the demo's echo server cannot listen on {address}; is another demo running?")
    })?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => drop(tokio::spawn(connection(stream, address))),
                    Err(error) => debug!(%error, "echo: cannot accept"),
                },
                () = stop.cancelled() => return,
            }
        }
    });
    Ok(())
}

async fn connection(stream: TcpStream, address: SocketAddr) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = Response::new(Full::new(Bytes::from(describe(&request, address))));
        async move { Ok::<_, Infallible>(response) }
    });
    if let Err(error) = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        debug!(%error, "echo: connection ended");
    }
}

/// The server's address, then the request line and headers as they arrived.
fn describe<B>(request: &Request<B>, address: SocketAddr) -> String {
    let mut text = format!("hello from {address}\n\n{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_request() {
        let request = Request::get("/a?b=c")
            .header("host", "hello.example")
            .body(())
            .unwrap();
        let text = describe(&request, SocketAddr::from(([127, 0, 0, 11], 5678)));
        assert_eq!(
            text,
            "hello from 127.0.0.11:5678\n\nGET /a?b=c\nhost: hello.example\n"
        );
    }
}
