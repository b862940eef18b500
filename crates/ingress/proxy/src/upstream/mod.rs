//! Requests to servers: pooled connections, balancing over servers, and what to do when one fails.
//!
//! A request goes to the server whose turn it is, over a pooled connection or a new one. A server that does
//! not accept a connection has seen nothing of the request, so the next one is tried. A pooled connection may
//! have been closed by the server while the request was on its way; then the request is sent once more over a
//! new connection, if it was not sent at all, or if it has no body and its method is idempotent (RFC 9110
//! section 9.2.2).

mod body;
mod dial;
mod error;
mod pool;
mod send;

use std::rc::Rc;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

pub(crate) use self::body::RequestBody;
pub(crate) use self::error::UpstreamError;
use self::pool::Connection;
pub(crate) use self::pool::{Pool, PooledConnection};
use self::send::Failure;
use crate::balancer::{Backend, Endpoint};

/// Servers that are tried for one request when connecting fails.
const MAX_DIALS: usize = 3;

/// Sends a request to one of the backend's servers. The pooled connection is released when the response has
/// been read.
pub(crate) async fn send(
    pool: &Rc<Pool>,
    backend: &Backend,
    mut request: Request<RequestBody>,
) -> Result<(Response<Incoming>, Option<PooledConnection>), UpstreamError> {
    let endpoint = backend.pick().ok_or(UpstreamError::NoServer)?;
    if let Some(connection) = pool.take(endpoint) {
        // Copied before sending: the library gives the request back only if it has sent nothing of it.
        let replayable = replayable(&request);
        match send::send(connection, request).await {
            Ok(answer) => return Ok(answer),
            // A response that cannot be parsed was sent on purpose: the server would answer the same again.
            Err(Failure { error, unsent }) => match unsent.or(replayable.filter(|_| !error.is_parse())) {
                Some(again) => request = again,
                None => return Err(error.into()),
            },
        }
    }
    // Not from the pool again: after a restart of the server every pooled connection may be stale.
    let connection = connect(pool, backend, endpoint).await?;
    send::send(connection, request)
        .await
        .map_err(|failure| failure.error.into())
}

/// A new connection to this server, or to the next ones if it refuses.
async fn connect(
    pool: &Rc<Pool>,
    backend: &Backend,
    first: &Arc<Endpoint>,
) -> Result<Connection, UpstreamError> {
    let mut endpoint = first;
    let mut left = backend.len().min(MAX_DIALS);
    loop {
        left = left.saturating_sub(1);
        let result = dial::dial(pool, endpoint).await;
        match result {
            // Not after a timeout: with three of them the client would wait for a minute and a half.
            Err(UpstreamError::Connect(error)) if left > 0 => {
                tracing::debug!(server = %endpoint.server, %error, "cannot connect, trying the next server");
                endpoint = backend.pick().ok_or(UpstreamError::NoServer)?;
            }
            result => return result,
        }
    }
}

/// A copy of a request that may be sent twice: the server may have worked on the first one. A body is gone
/// once it was sent.
fn replayable(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    if !request.method().is_idempotent() || !matches!(request.body(), RequestBody::Empty) {
        return None;
    }
    let mut copy = Request::new(RequestBody::Empty);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
