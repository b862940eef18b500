//! The built-in echo server: what a container of the lab runs unless it has a `command`.
//!
//! It answers on every declared port and tells who answered and whom it saw: HTTP/1 and HTTP/2 requests (also
//! in prior-knowledge h2c), plain TCP (one line of JSON, then every byte comes back) and UDP (one line of
//! JSON for each datagram).

mod http;
mod tcp;
mod udp;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use kinglet_model::Protocol;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::netns::Namespace;

/// Who a server is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `NAMESPACE/POD`.
    pub pod: String,
    /// The pod's node.
    pub node: String,
    /// The container.
    pub container: String,
    /// The image that the manifest names. It is not run.
    pub image: String,
}

/// What a server tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Who answered.
    #[serde(flatten)]
    pub identity: Identity,
    /// `HTTP`, `TCP` or `UDP`.
    pub protocol: String,
    /// The client's address as the server saw it.
    pub client: IpAddr,
    /// The client's port.
    #[serde(rename = "clientPort")]
    pub client_port: u16,
    /// The address that was reached.
    pub server: SocketAddr,
}

impl Reply {
    fn new(identity: &Identity, protocol: &str, client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            identity: identity.clone(),
            protocol: protocol.to_owned(),
            client: client.ip().to_canonical(),
            client_port: client.port(),
            server: SocketAddr::new(server.ip().to_canonical(), server.port()),
        }
    }

    /// The reply as one line.
    fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// A running echo server.
#[derive(Debug)]
pub(crate) struct Echo {
    /// Cancelled when clients are asked to go elsewhere.
    draining: CancellationToken,
    /// Cancelled when nothing new is accepted.
    closing: CancellationToken,
    tasks: TaskTracker,
}

/// What all connections of a server share.
#[derive(Clone)]
struct Shared {
    identity: Arc<Identity>,
    draining: CancellationToken,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Echo {
    /// Listens on all ports inside a namespace. UDP listens on each address by itself, so that replies come
    /// from the address that was asked.
    ///
    /// # Errors
    /// A port that somebody has already; nothing listens then.
    pub(crate) fn start(
        namespace: &Namespace,
        addresses: &[IpAddr],
        identity: Identity,
        ports: &[(Protocol, u16)],
    ) -> io::Result<Self> {
        let shared = Shared {
            identity: Arc::new(identity),
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let mut listeners = Vec::new();
        let mut sockets = Vec::new();
        for (protocol, port) in ports {
            match protocol {
                Protocol::Tcp => listeners.push(tcp::bind(namespace, *port)?),
                Protocol::Udp => sockets.extend(udp::bind(namespace, addresses, *port)?),
                Protocol::Sctp => {}
            }
        }
        for listener in listeners {
            shared.tasks.spawn(tcp::serve(listener, shared.clone()));
        }
        for socket in sockets {
            shared.tasks.spawn(udp::serve(socket, shared.clone()));
        }
        Ok(Self {
            draining: shared.draining,
            closing: shared.closing,
            tasks: shared.tasks,
        })
    }

    /// Serves on, and asks clients with long-lived connections to come back on new ones.
    pub(crate) fn drain(&self) {
        self.draining.cancel();
    }

    /// Accepts nothing more and waits until what has begun is answered.
    pub(crate) async fn close(&self) {
        self.draining.cancel();
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

/// The loopback addresses, which every place has.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
