//! The table of entry points, and the identifiers that stand for its rows.

use std::net::SocketAddr;
use std::sync::Arc;

/// Name of the clear-text entry point in Traefik's default configuration.
pub const WEB: &str = "web";
/// Name of the TLS entry point in Traefik's default configuration.
pub const WEBSECURE: &str = "websecure";

/// An address on which the proxy listens (Traefik `entryPoints.NAME`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPoint {
    /// The name in metrics and logs.
    pub name: Arc<str>,
    /// Where to listen; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Whether its connections begin with a TLS handshake (Traefik `http.tls`).
    pub terminates_tls: bool,
}

/// A row of [`EntryPoints`]: small enough to be part of every counter's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPointId(usize);

/// All entry points, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct EntryPoints(Vec<EntryPoint>);

impl EntryPoints {
    /// The two entry points of Traefik's default configuration: [`WEB`] and [`WEBSECURE`].
    pub fn new(web: SocketAddr, websecure: SocketAddr) -> Self {
        let mut entry_points = Self::default();
        entry_points.add(WEB, web, false);
        entry_points.add(WEBSECURE, websecure, true);
        entry_points
    }

    /// Adds an entry point.
    pub fn add(&mut self, name: &str, address: SocketAddr, terminates_tls: bool) -> EntryPointId {
        self.0.push(EntryPoint {
            name: name.into(),
            address,
            terminates_tls,
        });
        EntryPointId(self.0.len() - 1)
    }

    /// Every entry point with its identifier.
    pub fn iter(&self) -> impl Iterator<Item = (EntryPointId, &EntryPoint)> {
        let ids = (0..).map(EntryPointId);
        ids.zip(&self.0)
    }

    /// The settings of an entry point of this table.
    pub fn get(&self, id: EntryPointId) -> Option<&EntryPoint> {
        self.0.get(id.0)
    }

    /// The name of an entry point; empty for an identifier of another table.
    pub fn name(&self, id: EntryPointId) -> &str {
        self.get(id).map_or("", |entry_point| &entry_point.name)
    }
}

impl EntryPointId {
    /// The position in tables that are parallel to [`EntryPoints`].
    pub(crate) fn index(self) -> usize {
        self.0
    }
}
