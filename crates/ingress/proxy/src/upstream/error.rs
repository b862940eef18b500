//! Why a server gave no response.

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("the service has no server")]
    NoServer,
    #[error("cannot connect to the server: {0}")]
    Connect(#[source] std::io::Error),
    #[error("connecting to the server timed out")]
    ConnectTimeout,
    #[error("the service uses https, but the proxy has no TLS settings for servers")]
    NoTls,
    #[error("the client's request body broke off: {0}")]
    RequestBody(#[source] hyper::Error),
    #[error("the server sent no valid response: {0}")]
    Exchange(#[source] hyper::Error),
}

impl From<hyper::Error> for UpstreamError {
    fn from(error: hyper::Error) -> Self {
        // The library calls errors of the body that it is given "user" errors: here that body is the
        // client's.
        if error.is_user() {
            Self::RequestBody(error)
        } else {
            Self::Exchange(error)
        }
    }
}
