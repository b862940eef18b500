//! ReplicaSets and their Pods.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::deployments::template;
use crate::kubelet::Node;

fn replica_set(cluster: &Cluster, replicas: usize) -> Value {
    json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(cluster, "web:1"),
        },
    })
}

fn count(list: &Value) -> usize {
    list["items"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn exactly_as_many_pods_are_made_as_wanted() {
    let cluster = Cluster::start("exact").await;
    cluster.run_workloads(Duration::from_secs(40)).await;
    let _node = Node::start(&cluster, "n1", json!({}), json!({})).await;
    cluster
        .post(&cluster.apps("replicasets"), replica_set(&cluster, 60))
        .await;
    let set = cluster
        .until(&cluster.apps("replicasets/web"), |set| {
            set["status"]["readyReplicas"] == 60
        })
        .await;
    assert_eq!(set["status"]["fullyLabeledReplicas"], 60);
    assert_eq!(cluster.items(&cluster.core("pods")).await.len(), 60);
    let events = cluster.items(&cluster.core("events")).await;
    let surplus = events.iter().any(|event| event["reason"] == "SuccessfulDelete");
    assert!(!surplus, "some were too many");
}

#[tokio::test]
async fn pods_are_adopted_and_released() {
    let cluster = Cluster::start("adopt").await;
    cluster.run_workloads(Duration::from_secs(40)).await;
    let _node = Node::start(&cluster, "n1", json!({}), json!({})).await;
    let mut orphan = template(&cluster, "web:0");
    orphan["metadata"]["name"] = "orphan".into();
    cluster.post(&cluster.core("pods"), orphan).await;
    let path = cluster.core("pods/orphan");
    let set = cluster
        .post(&cluster.apps("replicasets"), replica_set(&cluster, 2))
        .await;
    let owned = |pod: &Value| pod["metadata"]["ownerReferences"][0]["uid"] == set["metadata"]["uid"];
    cluster.until(&path, owned).await;
    cluster
        .until(&cluster.apps("replicasets/web"), |set| {
            set["status"]["readyReplicas"] == 2
        })
        .await;
    assert_eq!(cluster.items(&cluster.core("pods")).await.len(), 2);

    cluster
        .patch(&path, json!({"metadata": {"labels": {"app": "debug"}}}))
        .await;
    cluster
        .until(&path, |pod| pod["metadata"]["ownerReferences"].is_null())
        .await;
    cluster
        .until(&cluster.core("pods"), |list| count(list) == 3)
        .await;
}
