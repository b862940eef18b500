//! Responses that the proxy gives itself.

use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use super::context::Ticket;
use super::response::{Content, ResponseBody};
use crate::upstream::UpstreamError;

/// A response without a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// `OPTIONS *` (RFC 9110 section 9.3.7): about the proxy itself.
    Options,
    /// The request breaks a rule that framing alone does not show; the connection is closed.
    BadRequest,
    /// No router, or a router without a service.
    NotFound,
    /// `CONNECT`: this is no forward proxy; the connection is closed.
    NotImplemented,
    /// The server cannot be reached, or broke off.
    BadGateway,
    /// The service has no server.
    NoServer,
    /// The server did not accept the connection in time.
    GatewayTimeout,
}

/// The reply to the client when no server gave a response.
impl From<&UpstreamError> for Reply {
    fn from(error: &UpstreamError) -> Self {
        match error {
            UpstreamError::NoServer => Self::NoServer,
            UpstreamError::ConnectTimeout => Self::GatewayTimeout,
            UpstreamError::RequestBody(_) => Self::BadRequest,
            UpstreamError::Connect(_) | UpstreamError::NoTls | UpstreamError::Exchange(_) => Self::BadGateway,
        }
    }
}

impl Reply {
    fn status(self) -> StatusCode {
        match self {
            Self::Options => StatusCode::OK,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::NoServer => StatusCode::SERVICE_UNAVAILABLE,
            Self::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Options => "",
            Self::NotFound => "404 page not found\n",
            Self::NoServer => "no available server\n",
            other => other.status().canonical_reason().unwrap_or_default(),
        }
    }

    /// The response with its headers.
    pub(crate) fn response(self, mut ticket: Ticket) -> Response<ResponseBody> {
        ticket.set_status(self.status());
        let mut response = Response::new(ResponseBody::new(Content::Text(self.text()), ticket, None));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        if self != Self::Options {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("text/plain; charset=utf-8"),
            );
            // As Traefik: the text must not be taken for HTML by a browser that guesses types.
            let no_sniffing = HeaderName::from_static("x-content-type-options");
            headers.insert(no_sniffing, HeaderValue::from_static("nosniff"));
        }
        // After a request that breaks the rules it is not certain where the next one begins.
        if matches!(self, Self::BadRequest | Self::NotImplemented) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
