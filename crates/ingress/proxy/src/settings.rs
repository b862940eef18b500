//! Settings of the proxy, read once.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;

use crate::entry_point::EntryPoints;

/// Settings of the proxy. [`ProxySettings::new`] gives Traefik's defaults; the fields may be changed
/// afterwards.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// Where to listen.
    pub entry_points: EntryPoints,
    /// Number of worker threads.
    pub workers: NonZeroUsize,
    /// Cryptography for TLS with clients.
    pub provider: Arc<CryptoProvider>,
    /// TLS settings towards servers; without them requests to `https` services get 502.
    pub upstream_tls: Option<Arc<ClientConfig>>,
    /// Name of this host, sent to servers as `X-Forwarded-Server`.
    pub hostname: String,
    /// Clients whose `X-Forwarded-*` and `X-Real-Ip` headers are believed (Traefik
    /// `forwardedHeaders.trustedIPs`); none by default.
    pub trusted_ips: Vec<IpNet>,
    /// Timeouts.
    pub timeouts: Timeouts,
    /// Limits.
    pub limits: Limits,
}

/// Timeouts of connections.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the first byte of a request (or from accepting the connection) to the end of its head, and for
    /// the TLS handshake.
    pub read_header: Duration,
    /// How long a client connection is kept without a request (Traefik `respondingTimeouts.idleTimeout`).
    pub idle: Duration,
    /// For connecting to a server, TLS included (Traefik `forwardingTimeouts.dialTimeout`).
    pub connect: Duration,
    /// How long a connection to a server is kept without a request (Traefik
    /// `forwardingTimeouts.idleConnTimeout`).
    pub upstream_idle: Duration,
    /// How long requests may take to finish when the proxy stops (Traefik `lifeCycle.graceTimeOut`).
    pub grace: Duration,
}

/// Limits of what clients and the pool may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request's head; more is answered with 431 (a request target has its own limit of 65,534
    /// bytes: 414).
    pub header_bytes: usize,
    /// Concurrent requests of an HTTP/2 connection (Traefik `http2.maxConcurrentStreams`).
    pub concurrent_streams: u32,
    /// Idle connections that a worker keeps to one server (Traefik `maxIdleConnsPerHost`).
    pub idle_per_server: usize,
}

impl ProxySettings {
    /// Default settings for the addresses of the entry points `web` and `websecure`.
    pub fn new(web: SocketAddr, websecure: SocketAddr, provider: Arc<CryptoProvider>) -> Self {
        Self {
            entry_points: EntryPoints::new(web, websecure),
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            provider,
            upstream_tls: None,
            hostname: String::new(),
            trusted_ips: Vec::new(),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            read_header: Duration::from_secs(10),
            idle: Duration::from_secs(180),
            connect: Duration::from_secs(30),
            upstream_idle: Duration::from_secs(90),
            grace: Duration::from_secs(10),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 64 * 1024,
            concurrent_streams: 250,
            idle_per_server: 200,
        }
    }
}
