//! Where the kubelet of a Node listens.

use std::net::{IpAddr, SocketAddr};

use kinglet_model::ObjectName;
use serde::Deserialize;

use crate::error::ApiError;
use crate::inner::Inner;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Node {
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    addresses: Vec<Address>,
    daemon_endpoints: DaemonEndpoints,
}

#[derive(Deserialize)]
struct Address {
    r#type: String,
    address: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DaemonEndpoints {
    kubelet_endpoint: Endpoint,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    /// Written with a capital letter, unlike all other fields of the API.
    #[serde(rename = "Port")]
    port: u16,
}

/// Types of addresses in the order in which Kubernetes tries them (`--kubelet-preferred-address-types`),
/// without names: nobody resolves the names of nodes here.
const PREFERRED: [&str; 2] = ["InternalIP", "ExternalIP"];

/// The address of a node's kubelet, from the Node's status.
pub(super) fn kubelet_address(server: &Inner, name: &str) -> Result<SocketAddr, ApiError> {
    let stored = super::pod::stored(server, "nodes", ObjectName::cluster(name))?;
    let node: Node = serde_json::from_slice(&stored.json).map_err(ApiError::internal)?;
    node.address().ok_or_else(|| {
        let message = format!(
            "Node {name:?} names no kubelet: status.addresses needs an InternalIP or ExternalIP, \
             status.daemonEndpoints.kubeletEndpoint.Port a port"
        );
        ApiError::new(503, "ServiceUnavailable", message)
    })
}

impl Node {
    fn address(&self) -> Option<SocketAddr> {
        let port = Some(self.status.daemon_endpoints.kubelet_endpoint.port).filter(|port| *port != 0)?;
        let of_type = |wanted: &str| {
            let all = self.status.addresses.iter();
            all.filter(|address| address.r#type == wanted)
                .find_map(|address| address.address.parse::<IpAddr>().ok())
        };
        let ip = PREFERRED.into_iter().find_map(of_type)?;
        Some(SocketAddr::new(ip, port))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn address(status: serde_json::Value) -> Option<String> {
        let node: Node = serde_json::from_value(json!({"status": status})).unwrap();
        node.address().map(|address| address.to_string())
    }

    #[test]
    fn the_internal_address_comes_first() {
        let port = json!({"kubeletEndpoint": {"Port": 10250}});
        let all = json!([
            {"type": "Hostname", "address": "node-1"},
            {"type": "ExternalIP", "address": "192.0.2.1"},
            {"type": "InternalIP", "address": "fd00::1"},
        ]);
        let found = address(json!({"addresses": all, "daemonEndpoints": port}));
        assert_eq!(found.as_deref(), Some("[fd00::1]:10250"));
        assert_eq!(address(json!({"addresses": [], "daemonEndpoints": port})), None);
        assert_eq!(address(json!({"addresses": all})), None);
    }
}
