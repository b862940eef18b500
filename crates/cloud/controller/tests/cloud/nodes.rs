//! Nodes that come, change and go.

use kinglet_cloud::KINDS;
use serde_json::{Value, json};

use crate::cluster::{Cluster, addresses, is_tainted, node_path};

#[tokio::test]
async fn a_new_node_becomes_a_member() {
    let cluster = Cluster::start();
    let cloud = cluster.cloud("a");
    let said = json!({
        "k3s.io/internal-ip": "10.0.0.1,fd00::1", "k3s.io/external-ip": "1.2.3.4", "k3s.io/hostname": "n1.lan",
    });
    cluster.register("n1", said).await;
    let node = cluster.initialized("n1").await;
    assert_eq!(
        addresses(&node),
        [
            "InternalIP 10.0.0.1",
            "InternalIP fd00::1",
            "ExternalIP 1.2.3.4",
            "Hostname n1.lan"
        ]
    );
    assert_eq!(node["spec"]["providerID"], "k3s://n1");
    assert_eq!(node["spec"]["taints"].as_array().unwrap().len(), 1);
    let labels = &node["metadata"]["labels"];
    assert_eq!(labels["node.kubernetes.io/instance-type"], "k3s");
    assert_eq!(labels["kubernetes.io/hostname"], "n1");
    let note = cluster.event("default", "n1", "Synced").await;
    assert_eq!(note, "Node synced successfully");
    assert_eq!(cloud.watched.kinds(), KINDS.iter().copied().collect());
}

#[tokio::test]
async fn addresses_follow_annotations_and_go_with_them() {
    let cluster = Cluster::start();
    let _cloud = cluster.cloud("a");
    cluster
        .register("n1", json!({"k3s.io/internal-ip": "10.0.0.1"}))
        .await;
    cluster.addresses("n1", &["InternalIP 10.0.0.1"]).await;
    cluster
        .annotate("n1", json!({"k3s.io/external-ip": "1.2.3.4"}))
        .await;
    let both = ["InternalIP 10.0.0.1", "ExternalIP 1.2.3.4"];
    cluster.addresses("n1", &both).await;
    cluster
        .annotate("n1", json!({"k3s.io/external-ip": Value::Null}))
        .await;
    cluster.addresses("n1", &["InternalIP 10.0.0.1"]).await;
}

#[tokio::test]
async fn what_others_overwrite_is_restored() {
    let cluster = Cluster::start();
    let _cloud = cluster.cloud("a");
    cluster
        .register("n1", json!({"k3s.io/internal-ip": "10.0.0.1"}))
        .await;
    cluster.initialized("n1").await;
    let patch = json!({"status": {"addresses": [{"type": "InternalIP", "address": "9.9.9.9"}]}});
    let path = format!("{}/status", node_path("n1"));
    cluster.patch(&path, patch).await;
    cluster.addresses("n1", &["InternalIP 10.0.0.1"]).await;
}

#[tokio::test]
async fn a_node_without_an_address_waits_and_holds_up_no_other() {
    let cluster = Cluster::start();
    let cloud = cluster.cloud("a");
    cluster
        .register("n1", json!({"k3s.io/external-ip": "1.2.3.4"}))
        .await;
    cluster
        .register("n2", json!({"k3s.io/internal-ip": "10.0.0.2"}))
        .await;
    cluster.initialized("n2").await;
    let note = cluster.event("default", "n1", "NodeAddressMissing").await;
    assert!(note.contains("k3s.io/internal-ip"), "{note}");
    assert!(is_tainted(&cluster.get(&node_path("n1")).await.unwrap()));
    let metrics = text(&cloud);
    assert!(metrics.contains("kinglet_cloud_blocked_nodes 1"), "{metrics}");
    assert!(
        metrics.contains("kinglet_cloud_initialized_nodes_total 1"),
        "{metrics}"
    );

    cluster
        .annotate("n1", json!({"k3s.io/internal-ip": "10.0.0.1,oops"}))
        .await;
    cluster.initialized("n1").await;
    let note = cluster.event("default", "n1", "NodeAddressInvalid").await;
    assert!(note.contains("\"oops\""), "{note}");
}

/// The metrics of a controller as text.
fn text(cloud: &crate::cluster::Running) -> String {
    let mut registry = kinglet_telemetry::Registry::default();
    cloud.controller.metrics().register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    text
}

#[tokio::test]
async fn nodes_of_another_cloud_are_left_alone() {
    let cluster = Cluster::start();
    let spec = json!({"providerID": "aws:///eu-1/i-1"});
    let leftover = json!({"k3s.io/internal-ip": "10.0.0.1"});
    cluster.create("theirs", leftover, spec).await;
    let status = json!({"status": {"addresses": [
        {"type": "InternalIP", "address": "172.31.0.5"}, {"type": "ExternalIP", "address": "3.3.3.3"},
    ]}});
    let path = format!("{}/status", node_path("theirs"));
    let before = cluster.patch(&path, status).await;
    let _cloud = cluster.cloud("a");
    // A node that comes later is done: the one before was looked at.
    cluster
        .register("ours", json!({"k3s.io/internal-ip": "10.0.0.2"}))
        .await;
    cluster.initialized("ours").await;
    let after = cluster.get(&node_path("theirs")).await.unwrap();
    assert_eq!(
        after["metadata"]["resourceVersion"],
        before["metadata"]["resourceVersion"]
    );
}
