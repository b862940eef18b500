//! A service: the servers that answer a router's requests.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A service as the proxy sees it: one port of a Kubernetes Service with its usable endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Name in metrics and logs, and the key by which routers refer to it, for instance
    /// `default-web-80@kubernetes`.
    pub name: Arc<str>,
    /// How servers are spoken to.
    pub scheme: Scheme,
    /// The servers, in the order of the balancer's turns; none means that requests get 503.
    pub servers: Vec<Server>,
}

/// Protocol towards servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP/1.1 in clear text.
    #[default]
    Http,
    /// HTTP/2 in clear text with prior knowledge (RFC 9113 section 3.3).
    H2c,
    /// HTTP/1.1 over TLS.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::H2c => "h2c",
            Self::Https => "https",
        })
    }
}

/// A server of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Server {
    /// Where it is.
    pub host: ServerHost,
    /// Its port.
    pub port: u16,
}

/// Where a server is: by address, or by a name that is resolved for each new connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerHost {
    /// An address.
    Ip(IpAddr),
    /// A DNS name (ExternalName Services and slices of type FQDN).
    Name(Arc<str>),
}

/// `host:port`, with brackets around IPv6 addresses.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            ServerHost::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            ServerHost::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

impl From<SocketAddr> for Server {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: ServerHost::Ip(address.ip()),
            port: address.port(),
        }
    }
}
