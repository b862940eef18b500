//! Tables: Nodes in, writes out.

use serde_json::{Value, json};

use super::*;

fn node(value: Value) -> Node {
    serde_json::from_value(value).unwrap()
}

/// A tainted Node that has its addresses already.
fn waiting(labels: &Value, provider: &str) -> Node {
    node(json!({
        "metadata": {
            "name": "test-node", "labels": labels, "annotations": {"k3s.io/internal-ip": "10.0.0.1"},
        },
        "spec": {
            "providerID": provider,
            "taints": [
                {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"},
                {"key": UNINITIALIZED, "value": "true", "effect": "NoSchedule"},
            ],
        },
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]},
    }))
}

fn labels_of(plan: &NodePlan) -> Value {
    json!(plan.initialization.as_ref().unwrap().labels)
}

#[test]
fn a_new_node_gets_provider_id_and_type_and_loses_only_our_taint() {
    let plan = plan(&waiting(&json!({}), ""));
    let initialization = plan.initialization.clone().unwrap();
    assert_eq!(initialization.provider_id.as_deref(), Some("k3s://test-node"));
    let keys: Vec<&str> = initialization.taints.iter().map(|taint| &*taint.key).collect();
    assert_eq!(keys, ["node.kubernetes.io/not-ready"]);
    assert_eq!(
        labels_of(&plan),
        json!({"node.kubernetes.io/instance-type": "k3s", "beta.kubernetes.io/instance-type": "k3s"})
    );
}

#[test]
fn what_a_node_has_is_kept_and_echoed() {
    let labels = json!({
        "node.kubernetes.io/instance-type": "test.t1", "beta.kubernetes.io/instance-type": "test.t1",
        "topology.kubernetes.io/region": "region", "topology.kubernetes.io/zone": "zone",
        "node.kubernetes.io/exclude-from-external-load-balancers": "",
    });
    let plan = plan(&waiting(&labels, "test://i-abc"));
    assert_eq!(plan.initialization.as_ref().unwrap().provider_id, None);
    assert_eq!(
        labels_of(&plan),
        json!({"failure-domain.beta.kubernetes.io/region": "region", "failure-domain.beta.kubernetes.io/zone": "zone"})
    );
}

#[test]
fn addresses_come_before_the_initialization() {
    let mut node = waiting(&json!({}), "");
    node.addresses.clear();
    let plan = plan(&node);
    assert!(plan.addresses.is_some());
    assert_eq!(plan.initialization, None);
}

#[test]
fn a_node_without_addresses_waits() {
    let mut node = waiting(&json!({}), "");
    node.metadata.annotations.clear();
    let plan = plan(&node);
    assert_eq!((plan.addresses, plan.initialization), (None, None));
    assert_eq!(plan.problems, [NodeProblem::NoAddress]);
}

#[test]
fn an_initialized_node_only_gets_addresses() {
    let mut node = waiting(&json!({}), "k3s://test-node");
    node.taints.clear();
    assert_eq!(plan(&node), NodePlan::default());
    node.metadata
        .annotations
        .insert("k3s.io/external-ip".into(), "1.2.3.4".into());
    let plan = plan(&node);
    assert_eq!(plan.addresses.unwrap().len(), 2);
    assert_eq!(plan.initialization, None);
}

#[test]
fn nodes_of_others_are_left_alone() {
    let mut node = waiting(&json!({}), "aws:///eu/i-1");
    node.taints.clear();
    node.addresses.clear();
    assert_eq!(plan(&node), NodePlan::default());
}
