//! Settings of the server, with the defaults of CoreDNS where it has them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of a server.
#[derive(Clone, Debug)]
pub struct DnsServerSettings {
    /// Addresses to listen on, each over UDP and TCP. Port 0 takes any free port.
    pub listen: Vec<SocketAddr>,
    /// UDP workers per address; 0 for one per processor.
    pub workers: usize,
    /// Longest UDP reply in octets, however much a client takes.
    pub max_udp_payload: u16,
    /// TCP limits.
    pub tcp: TcpSettings,
    /// Forwarding of everything outside of the cluster's zones.
    pub forward: ForwardSettings,
}

impl Default for DnsServerSettings {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 1053))],
            workers: 0,
            // RFC 6891 section 6.2.5.
            max_udp_payload: 4096,
            tcp: TcpSettings::default(),
            forward: ForwardSettings::default(),
        }
    }
}

/// Limits of TCP connections (RFC 7766).
#[derive(Clone, Debug)]
pub struct TcpSettings {
    /// Most connections at a time; further ones are closed at once.
    pub max_connections: usize,
    /// Most queries of one connection in flight; further ones stay unread until a reply has left.
    pub max_in_flight: usize,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How long a query may take to arrive once it has begun.
    pub read: Duration,
    /// How long a client may take to accept replies.
    pub write: Duration,
}

impl Default for TcpSettings {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_in_flight: 128,
            // The three timeouts are those of CoreDNS.
            idle: Duration::from_secs(10),
            read: Duration::from_secs(3),
            write: Duration::from_secs(5),
        }
    }
}

/// Where and how questions outside of the zones go.
#[derive(Clone, Debug)]
pub struct ForwardSettings {
    /// The servers to ask.
    pub upstreams: Upstreams,
    /// How long one server may take.
    pub attempt: Duration,
    /// How long all attempts together may take.
    pub total: Duration,
    /// Most queries that wait for upstreams; further ones are REFUSED.
    pub max_in_flight: usize,
}

impl Default for ForwardSettings {
    fn default() -> Self {
        Self {
            upstreams: Upstreams::ResolvConf("/etc/resolv.conf".into()),
            // CoreDNS' `forward`: 2 seconds to read a reply, 5 seconds for all, which is also when the
            // resolver of a C library gives up.
            attempt: Duration::from_secs(2),
            total: Duration::from_secs(5),
            // `max_concurrent 1000` of the usual Corefile.
            max_in_flight: 1000,
        }
    }
}

/// The servers that questions outside of the zones go to.
#[derive(Clone, Debug)]
pub enum Upstreams {
    /// The `nameserver` lines of a file like `/etc/resolv.conf`, which is read again when it changes.
    ResolvConf(PathBuf),
    /// These addresses.
    Addresses(Vec<SocketAddr>),
}
