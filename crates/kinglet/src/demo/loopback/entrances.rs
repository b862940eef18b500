//! Where the demo is reached.

use std::net::SocketAddr;

use crate::server::Server;

/// The addresses of a demo.
#[derive(Clone, Copy)]
pub(super) struct Entrances {
    pub(super) dns: SocketAddr,
    pub(super) web: SocketAddr,
    pub(super) websecure: SocketAddr,
    pub(super) admin: SocketAddr,
}

impl Entrances {
    /// The addresses; `None` where something does not listen.
    pub(super) fn of(server: &Server) -> Option<Self> {
        let addresses = server.addresses();
        Some(Self {
            dns: addresses.dns?,
            web: addresses.web?,
            websecure: addresses.websecure?,
            admin: addresses.admin,
        })
    }
}
