//! Node (core/v1).

use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::object::{Meta, nullable, object};

/// A Node, flattened to what the services use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Node {
    /// Name, labels, annotations.
    pub metadata: Meta,
    /// `spec.providerID`: what the node is to its cloud provider; empty while none has said.
    pub provider_id: Arc<str>,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
    /// `spec.podCIDRs`: networks of the node's Pods, where its CNI plugin uses them. Text that is no network
    /// is left out.
    pub pod_cidrs: Box<[IpNet]>,
    /// `status.addresses`.
    pub addresses: Vec<NodeAddress>,
    /// `status.conditions`.
    pub conditions: Vec<NodeCondition>,
    /// `status.nodeInfo.bootID`: another one after each start of the machine; empty if not told.
    pub boot_id: Arc<str>,
}

object!(Node, "", "v1", "Node", "nodes", false);

impl Node {
    /// Whether its kubelet says that it can run Pods (condition `Ready`).
    pub fn is_ready(&self) -> bool {
        self.conditions
            .iter()
            .any(|one| &*one.kind == "Ready" && &*one.status == "True")
    }

    /// Whether it has a taint of this key, with any value and effect.
    pub fn is_tainted(&self, key: &str) -> bool {
        self.taints.iter().any(|taint| &*taint.key == key)
    }
}

/// An entry of `spec.taints`, whole: the list can only be written as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Taint {
    /// `key`.
    pub key: Box<str>,
    /// `value`, often empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub value: Box<str>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: Box<str>,
    /// `timeAdded`, as the API server wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_added: Option<Box<str>>,
}

/// An entry of `status.addresses`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeAddress {
    /// `InternalIP`, `ExternalIP`, `Hostname`, `InternalDNS` or `ExternalDNS`.
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    /// Address or name.
    pub address: Arc<str>,
}

/// An entry of `status.conditions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeCondition {
    /// `type`, for instance `Ready`.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// `True`, `False` or `Unknown`.
    pub status: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    metadata: Meta,
    #[serde(deserialize_with = "nullable")]
    spec: Spec,
    #[serde(deserialize_with = "nullable")]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "providerID", deserialize_with = "nullable")]
    provider_id: Arc<str>,
    #[serde(deserialize_with = "nullable")]
    taints: Vec<Taint>,
    #[serde(rename = "podCIDRs", deserialize_with = "nullable")]
    pod_cidrs: Vec<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "nullable")]
    addresses: Vec<NodeAddress>,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<NodeCondition>,
    #[serde(deserialize_with = "nullable")]
    node_info: NodeInfo,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeInfo {
    #[serde(rename = "bootID", deserialize_with = "nullable")]
    boot_id: Arc<str>,
}

impl From<Wire> for Node {
    fn from(wire: Wire) -> Self {
        Self {
            metadata: wire.metadata,
            provider_id: wire.spec.provider_id,
            taints: wire.spec.taints,
            pod_cidrs: wire
                .spec
                .pod_cidrs
                .iter()
                .filter_map(|text| text.parse().ok())
                .collect(),
            addresses: wire.status.addresses,
            conditions: wire.status.conditions,
            boot_id: wire.status.node_info.boot_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_from_specification_and_status() {
        let node: Node = serde_json::from_str(
            r#"{
                "metadata": {"name": "n1"},
                "spec": {
                    "providerID": "k3s://n1", "podCIDRs": ["10.42.0.0/24", "fd42::/64"],
                    "taints": [{"key": "a", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}]
                },
                "status": {
                    "addresses": [{"type": "Hostname", "address": "n1"}],
                    "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                    "nodeInfo": {"bootID": "1f0e"}
                }
            }"#,
        )
        .unwrap();
        assert_eq!((&*node.provider_id, &*node.boot_id), ("k3s://n1", "1f0e"));
        assert!(node.is_ready() && node.is_tainted("a") && !node.is_tainted("b"));
        assert_eq!(&*node.addresses[0].kind, "Hostname");
        assert_eq!(node.pod_cidrs.len(), 2);
        assert_eq!(
            serde_json::to_string(&node.taints[0]).unwrap(),
            r#"{"key":"a","effect":"NoExecute","timeAdded":"2026-01-01T00:00:00Z"}"#
        );
    }

    #[test]
    fn nothing_is_mandatory() {
        let text = r#"{"metadata": {"name": "n1"}, "spec": null, "status": {"addresses": null}}"#;
        let node: Node = serde_json::from_str(text).unwrap();
        assert!(node.addresses.is_empty() && node.provider_id.is_empty() && !node.is_ready());
        let bare: Node = serde_json::from_str(r#"{"metadata": {"name": "n1"}}"#).unwrap();
        assert_eq!(bare, node);
    }
}
