//! Node (core/v1), and the Lease that its kubelet renews.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kinglet_model::Meta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::quantity::{Resources, resources};
use super::{Condition, kind, nullable};

/// A Node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Wire")]
pub(crate) struct Node {
    pub(crate) metadata: Meta,
    pub(crate) unschedulable: bool,
    pub(crate) taints: Vec<Taint>,
    pub(crate) allocatable: Resources,
    pub(crate) conditions: Vec<Condition>,
}

kind!(Node, "", "v1", "Node", "nodes", false);

impl Node {
    /// A label's value; `metadata.name` is the field that node terms may ask for.
    pub(crate) fn field(&self, field: &str) -> Option<&str> {
        (field == "metadata.name").then_some(&*self.metadata.name)
    }
}

/// An entry of `spec.taints`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Taint {
    pub(crate) key: Box<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) value: Box<str>,
    pub(crate) effect: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_added: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    metadata: Meta,
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    unschedulable: bool,
    #[serde(deserialize_with = "nullable")]
    taints: Vec<Taint>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "nullable")]
    allocatable: BTreeMap<Box<str>, Value>,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

impl From<Wire> for Node {
    fn from(wire: Wire) -> Self {
        Self {
            metadata: wire.metadata,
            unschedulable: wire.spec.unschedulable,
            taints: wire.spec.taints,
            allocatable: resources(&wire.status.allocatable),
            conditions: wire.status.conditions,
        }
    }
}

/// A Lease (coordination.k8s.io/v1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Lease {
    pub(crate) metadata: Meta,
    pub(crate) spec: LeaseSpec,
}

/// `spec` of a Lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LeaseSpec {
    /// Compared for equality only: clocks of nodes may differ.
    pub(crate) renew_time: Option<Arc<str>>,
}

kind!(Lease, "coordination.k8s.io", "v1", "Lease", "leases", true);
