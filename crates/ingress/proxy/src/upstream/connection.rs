//! One connection to a server.

use std::rc::Rc;
use std::sync::Arc;

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};

use super::Pool;
use crate::balancer::Endpoint;
use crate::body::RequestBody;

/// A connection that is ready for a request.
pub(crate) enum Connection {
    /// For one request at a time.
    Http1(Lease),
    /// For many: the pool keeps another handle.
    Http2(http2::SendRequest<RequestBody>),
}

/// Why a request got no response.
pub(super) struct Failure {
    pub(super) error: hyper::Error,
    /// The request, if nothing of it was sent.
    pub(super) unsent: Option<Request<RequestBody>>,
}

impl Connection {
    /// Sends a request and waits for the head of the response.
    pub(super) async fn send(
        self,
        request: Request<RequestBody>,
    ) -> Result<(Response<Incoming>, Option<Lease>), Failure> {
        let (result, lease) = match self {
            Self::Http1(mut lease) => (lease.sender.try_send_request(request).await, Some(lease)),
            Self::Http2(mut sender) => (sender.try_send_request(for_http2(request)).await, None),
        };
        match result {
            Ok(response) => Ok((response, lease)),
            Err(mut failure) => {
                let unsent = failure.take_message();
                let error = failure.into_error();
                Err(Failure { error, unsent })
            }
        }
    }
}

/// The HTTP/2 form of a request: the host moves into the target (RFC 9113 section 8.3.1).
fn for_http2(mut request: Request<RequestBody>) -> Request<RequestBody> {
    let host = request.headers_mut().remove(HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = authority.is_some().then_some(Scheme::HTTP);
    parts.authority = authority;
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    *request.version_mut() = Version::HTTP_2;
    request
}

/// An HTTP/1.1 connection that is in use and goes back to the pool afterwards; dropped, it is closed.
pub(crate) struct Lease {
    pub(super) sender: http1::SendRequest<RequestBody>,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) pool: Rc<Pool>,
}

impl Lease {
    /// Gives the connection back once its last response has been read. The library may need another turn to
    /// notice that.
    pub(crate) fn give_back(mut self) {
        if self.sender.is_ready() {
            self.pool.put(self.endpoint, self.sender);
        } else if !self.sender.is_closed() {
            tokio::task::spawn_local(async move {
                if self.sender.ready().await.is_ok() {
                    self.pool.put(self.endpoint, self.sender);
                }
            });
        }
    }
}
