//! One request over one connection to a server.

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;

use super::body::RequestBody;
use super::pool::{Connection, PooledConnection};

/// Why a request got no response.
pub(super) struct Failure {
    pub(super) error: hyper::Error,
    /// The request, if nothing of it was sent.
    pub(super) unsent: Option<Request<RequestBody>>,
}

/// Sends a request and waits for the head of the response.
pub(super) async fn send(
    connection: Connection,
    request: Request<RequestBody>,
) -> Result<(Response<Incoming>, Option<PooledConnection>), Failure> {
    let (result, pooled) = match connection {
        Connection::Http1(mut pooled) => (pooled.sender.try_send_request(request).await, Some(pooled)),
        Connection::Http2(mut sender) => (sender.try_send_request(for_http2(request)).await, None),
    };
    match result {
        Ok(response) => Ok((response, pooled)),
        Err(mut failure) => {
            let unsent = failure.take_message();
            let error = failure.into_error();
            Err(Failure { error, unsent })
        }
    }
}

/// The HTTP/2 form of a request: the host moves into the target (RFC 9113 section 8.3.1).
fn for_http2(mut request: Request<RequestBody>) -> Request<RequestBody> {
    let host = request.headers_mut().remove(HOST);
    let authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    // A URI has either both or neither; without a host the request keeps a bare path.
    parts.scheme = authority.is_some().then_some(Scheme::HTTP);
    parts.authority = authority;
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    *request.version_mut() = Version::HTTP_2;
    request
}
