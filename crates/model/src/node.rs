//! Node (core/v1).

use std::sync::Arc;

use serde::Deserialize;

use crate::object::{Meta, object};

/// A Node, flattened to what the services use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Node {
    /// Name, labels, annotations.
    pub metadata: Meta,
    /// `status.addresses`.
    pub addresses: Vec<NodeAddress>,
}

object!(Node, "", "v1", "Node", "nodes", false);

/// An entry of `status.addresses`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeAddress {
    /// `InternalIP`, `ExternalIP`, `Hostname`, `InternalDNS` or `ExternalDNS`.
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    /// Address or name.
    pub address: Arc<str>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Meta,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    addresses: Vec<NodeAddress>,
}

impl From<Wire> for Node {
    fn from(wire: Wire) -> Self {
        Self {
            metadata: wire.metadata,
            addresses: wire.status.addresses,
        }
    }
}
