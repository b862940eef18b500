//! Nodes that fall silent, and the Pods on them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::kubelet::Node;

/// Long enough for the heartbeats of the tests' kubelets on a busy machine.
const GRACE: Duration = Duration::from_secs(2);

fn pod(node: &str, tolerations: Value) -> Value {
    json!({
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "nodeName": node,
            "tolerations": tolerations,
            "containers": [{"name": "main", "image": "web:1", "ports": [{"name": "http", "containerPort": 80}]}],
        },
    })
}

fn condition(object: &Value, kind: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let found = conditions.find(|one| one["type"] == kind).cloned();
    found.unwrap_or_default()
}

fn is_ready(object: &Value) -> bool {
    condition(object, "Ready")["status"] == "True"
}

/// Keys and effects of a node's taints.
fn taints(node: &Value) -> Vec<String> {
    let taints = node["spec"]["taints"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut taints: Vec<String> = taints
        .map(|one| format!("{}:{}", text(&one["key"]), text(&one["effect"])))
        .collect();
    taints.sort();
    taints
}

#[tokio::test]
async fn a_silent_node_is_unreachable_until_it_speaks_again() {
    let cluster = Cluster::start("silent").await;
    cluster.run_workloads(GRACE).await;
    let node = Node::start(&cluster, "n1", json!({}), json!({})).await;
    let (path, web) = (format!("/api/v1/nodes/{}", node.name), cluster.core("pods/web"));
    let service = json!({
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    });
    cluster.post(&cluster.core("services"), service).await;
    let patient = json!([{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 600}]);
    cluster
        .post(&cluster.core("pods"), pod(&node.name, patient))
        .await;
    cluster.until(&web, is_ready).await;
    let ready = |list: &Value| list["items"][0]["endpoints"][0]["conditions"]["ready"].clone();
    cluster
        .until(&cluster.slices("web"), |list| ready(list) == json!(true))
        .await;
    assert_eq!(taints(&cluster.get(&path).await.unwrap()), [""; 0]);

    node.set_alive(false);
    let unreachable = [
        "node.kubernetes.io/unreachable:NoExecute",
        "node.kubernetes.io/unreachable:NoSchedule",
    ];
    let silent = cluster.until(&path, |node| taints(node) == unreachable).await;
    let condition = condition(&silent, "Ready");
    assert_eq!(
        (&condition["status"], &condition["reason"], &condition["message"]),
        (
            &json!("Unknown"),
            &json!("NodeStatusUnknown"),
            &json!("Kubelet stopped posting node status.")
        )
    );
    cluster
        .until(&cluster.slices("web"), |list| ready(list) == json!(false))
        .await;

    node.set_alive(true);
    cluster
        .until(&path, |node| is_ready(node) && taints(node).is_empty())
        .await;
    cluster
        .until(&cluster.slices("web"), |list| ready(list) == json!(true))
        .await;
}

#[tokio::test]
async fn a_no_execute_taint_evicts_what_does_not_tolerate_it() {
    let cluster = Cluster::start("evict").await;
    cluster.run_workloads(Duration::from_secs(40)).await;
    let node = Node::start(&cluster, "n1", json!({}), json!({})).await;
    let mut tolerant = pod(&node.name, json!([{"key": "drain", "operator": "Exists"}]));
    tolerant["metadata"]["name"] = "tolerant".into();
    let mut brief = pod(
        &node.name,
        json!([{"key": "drain", "operator": "Exists", "tolerationSeconds": 1}]),
    );
    brief["metadata"]["name"] = "brief".into();
    for pod in [pod(&node.name, json!([])), tolerant, brief] {
        cluster.post(&cluster.core("pods"), pod).await;
    }
    let taint = json!({"spec": {"taints": [{"key": "drain", "effect": "NoExecute"}]}});
    cluster
        .patch(&format!("/api/v1/nodes/{}", node.name), taint)
        .await;
    cluster.gone(&cluster.core("pods/web")).await;
    cluster.gone(&cluster.core("pods/brief")).await;
    assert!(cluster.get(&cluster.core("pods/tolerant")).await.is_some());
    let note = cluster.event("web", "TaintManagerEviction").await;
    assert_eq!(
        note,
        format!("Marking for deletion Pod {}/web", cluster.namespace)
    );
}

#[tokio::test]
async fn pods_of_a_missing_node_are_deleted() {
    let cluster = Cluster::start("orphans").await;
    cluster.run_workloads(Duration::from_millis(200)).await;
    cluster
        .post(&cluster.core("pods"), pod("no-such-node", json!([])))
        .await;
    cluster.gone(&cluster.core("pods/web")).await;
}
