//! What an echo server tells of itself and of whom it saw.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

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
    pub(super) fn new(identity: &Identity, protocol: &str, client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            identity: identity.clone(),
            protocol: protocol.to_owned(),
            // A socket of both families sees IPv4 clients as ::ffff:0:0/96 (RFC 4291, 2.5.5.2).
            client: client.ip().to_canonical(),
            client_port: client.port(),
            server: SocketAddr::new(server.ip().to_canonical(), server.port()),
        }
    }

    /// The reply as one line.
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}
