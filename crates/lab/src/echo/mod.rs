//! The built-in echo server: what a container of the lab runs unless it has a `command`.
//!
//! It answers on every declared port and tells who answered and whom it saw: HTTP/1 and HTTP/2 requests (also
//! in prior-knowledge h2c), plain TCP (one line of JSON, then every byte comes back) and UDP (one line of
//! JSON for each datagram).

mod http;
mod reply;
mod shared;
mod tcp;
mod udp;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::Protocol;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::reply::{Identity, Reply};
use self::shared::Shared;
use crate::netns::Namespace;

/// A running echo server.
#[derive(Debug)]
pub(crate) struct Echo {
    /// Cancelled when clients are asked to go elsewhere.
    draining: CancellationToken,
    /// Cancelled when nothing new is accepted.
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
