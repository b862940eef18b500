//! Connections to an API server over the network, each of which notices its own death.
//!
//! A peer that loses power, an address that moves to another machine and a NAT that forgets end a connection
//! without a word: a watch on it would wait for ever. So there are three layers, each for what the one above
//! cannot see: HTTP/2 PINGs (a peer whose kernel lives, but whose process hangs), TCP keepalive (HTTP/1.1,
//! and connections that carry nothing), and `TCP_USER_TIMEOUT` (what was sent and is never acknowledged,
//! which the kernel otherwise repeats for a quarter of an hour).

use std::time::Duration;

use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt};
use kube::{Client, Config};
use rustls_pki_types::ServerName;
use tower::ServiceBuilder;
use tower::timeout::TimeoutLayer;

use super::error::ConnectError;

/// How a connection finds out that its peer is gone. The default takes 45 s, as client-go does.
#[derive(Clone, Copy, Debug)]
pub struct Liveness {
    /// A connection that was silent for so long is asked for a sign of life.
    pub idle: Duration,
    /// How long the answer may take; then the connection is given up.
    pub answer: Duration,
    /// How long a new connection may take. Short, because the kernel doubles the pause between its attempts:
    /// after a long cut a fresh attempt is answered at once, an old one after half a minute.
    pub connect: Duration,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30),
            answer: Duration::from_secs(15),
            connect: Duration::from_secs(5),
        }
    }
}

/// How long a server may take until it begins to answer: API servers end requests themselves after 60 s.
const RESPONSE: Duration = Duration::from_secs(65);
/// Keepalive probes without an answer before the kernel gives the connection up.
const PROBES: u32 = 3;

/// A client of a server over TCP.
///
/// # Errors
/// Certificates, credentials or a proxy that cannot be used.
pub(super) fn client(config: Config, liveness: Liveness) -> Result<Client, ConnectError> {
    if let Some(proxy) = &config.proxy_url {
        return Err(ConnectError::Proxy(proxy.to_string()));
    }
    let mut tls = HttpsConnectorBuilder::new()
        .with_tls_config(config.rustls_client_config()?)
        .https_or_http();
    if let Some(name) = config.tls_server_name.clone() {
        let known = ServerName::try_from(name.clone()).map_err(|_| ConnectError::ServerName(name))?;
        tls = tls.with_server_name_resolver(FixedServerNameResolver::new(known));
    }
    let connector = tls.enable_http1().enable_http2().wrap_connector(tcp(liveness));
    let http: HttpClient<_, Body> = HttpClient::builder(TokioExecutor::new())
        // hyper has no clock of its own: without these no PING is sent and no idle connection ends.
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_keep_alive_interval(liveness.idle)
        .http2_keep_alive_timeout(liveness.answer)
        // A connection without a request would be found dead by the next one, which then fails.
        .http2_keep_alive_while_idle(true)
        .build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        // Until the head of the answer only: the body of a watch goes on for minutes.
        .layer(TimeoutLayer::new(RESPONSE))
        .service(http);
    Ok(Client::new(service, config.default_namespace))
}

fn tcp(liveness: Liveness) -> HttpConnector {
    let mut connector = HttpConnector::new();
    // TLS is put on top; `http` alone would be refused otherwise.
    connector.enforce_http(false);
    // Nagle's algorithm would hold back small frames until earlier ones are acknowledged (RFC 9293, 3.7.4).
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(liveness.connect));
    connector.set_keepalive(Some(liveness.idle));
    connector.set_keepalive_interval(Some(liveness.answer / PROBES));
    connector.set_keepalive_retries(Some(PROBES));
    connector.set_tcp_user_timeout(Some(liveness.answer));
    connector
}
