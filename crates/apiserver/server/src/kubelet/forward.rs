//! Passes a request on to a kubelet, and its answer back: streamed, or as a connection that both ends have
//! upgraded.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderName, Request, Response, StatusCode, header};
use http_body_util::{BodyDataStream, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;

use super::client::KubeletClient;
use crate::error::ApiError;
use crate::http::{Body, stream};

/// Time for a connection and for the head of the answer: a node that is gone does not answer at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Headers by which client and kubelet agree on a protocol. No others pass: the client's credentials are for
/// this server only.
const PASSED: [HeaderName; 5] = [
    header::CONNECTION,
    header::UPGRADE,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
];

/// The same for SPDY.
const STREAM_PROTOCOL: HeaderName = HeaderName::from_static("x-stream-protocol-version");

/// A way to a kubelet.
pub(super) struct Forward<'a> {
    pub(super) client: &'a KubeletClient,
    pub(super) node: &'a str,
    pub(super) address: SocketAddr,
    /// Ends upgraded connections at shutdown.
    pub(super) stop: &'a CancellationToken,
}

impl Forward<'_> {
    /// Sends the request; `path` is the kubelet's.
    pub(super) async fn send(&self, parts: &Parts, path: &str) -> Result<Response<Body>, ApiError> {
        let request = self.request(parts, path)?;
        let response = tokio::time::timeout(PATIENCE, self.exchange(request))
            .await
            .map_err(|_| self.failed(&format_args!("no answer within {PATIENCE:?}")))??;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.join(parts, response);
        }
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(
            passed(head),
            streamed(body, self.stop.clone()),
        ))
    }

    fn request(&self, parts: &Parts, path: &str) -> Result<Request<Empty<Bytes>>, ApiError> {
        let mut request = Request::builder()
            .method(&parts.method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.client.token));
        for name in PASSED.iter().chain([&STREAM_PROTOCOL]) {
            for value in parts.headers.get_all(name) {
                request = request.header(name, value);
            }
        }
        request.body(Empty::new()).map_err(ApiError::internal)
    }

    async fn exchange(&self, request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, ApiError> {
        let stream = self
            .client
            .connect(self.address)
            .await
            .map_err(|error| self.failed(&error))?;
        // Keys that somebody presses must not wait for more (Nagle's algorithm).
        let _best_effort = stream.set_nodelay(true);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.failed(&error))?;
        // The connection is driven apart from the answer: its body is read when the client reads it.
        tokio::spawn(connection.with_upgrades());
        sender
            .send_request(request)
            .await
            .map_err(|error| self.failed(&error))
    }

    /// The kubelet speaks another protocol from here on, and so do we: bytes pass both ways.
    fn join(&self, parts: &Parts, mut response: Response<Incoming>) -> Result<Response<Body>, ApiError> {
        let Some(client) = parts.extensions.get::<OnUpgrade>().cloned() else {
            return Err(ApiError::bad_request(
                "this connection cannot be upgraded; use HTTP/1.1 over TLS",
            ));
        };
        let kubelet = hyper::upgrade::on(&mut response);
        let stop = self.stop.clone();
        tokio::spawn(async move {
            if let Some(Err(error)) = stop.run_until_cancelled(copy(client, kubelet)).await {
                tracing::debug!(%error, "an upgraded connection to a kubelet ended");
            }
        });
        let (head, _) = response.into_parts();
        Ok(Response::from_parts(head, stream(futures::stream::empty())))
    }

    fn failed(&self, error: &dyn fmt::Display) -> ApiError {
        let message = format!(
            "the kubelet of node {:?} at {} cannot be asked: {error}",
            self.node, self.address
        );
        ApiError::new(503, "ServiceUnavailable", message)
    }
}

/// The head without what belongs to the connection to the kubelet (RFC 9110, 7.6.1).
fn passed(mut head: http::response::Parts) -> http::response::Parts {
    for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
        head.headers.remove(name);
    }
    head.version = http::Version::default();
    head
}

/// A body that ends early ends the stream: logs that were sent are as good as those that come. At shutdown
/// those that are followed end, as watches do.
fn streamed(body: Incoming, stop: CancellationToken) -> Body {
    let chunks = BodyDataStream::new(body).map(|chunk| {
        chunk
            .inspect_err(|error| tracing::debug!(%error, "an answer of a kubelet ended early"))
            .ok()
    });
    let whole = chunks
        .take_while(|chunk| futures::future::ready(chunk.is_some()))
        .filter_map(futures::future::ready);
    stream(whole.take_until(stop.cancelled_owned()))
}

async fn copy(client: OnUpgrade, kubelet: OnUpgrade) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (client, kubelet) = (client.await?, kubelet.await?);
    tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(kubelet)).await?;
    Ok(())
}
