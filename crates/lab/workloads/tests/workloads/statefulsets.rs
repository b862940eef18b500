//! StatefulSets and their Pods.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::deployments::template;
use crate::kubelet::Node;

/// What `kubectl rollout status` waits for.
fn is_done(set: &Value, replicas: i64) -> bool {
    let status = &set["status"];
    set["metadata"]["generation"] == status["observedGeneration"]
        && status["readyReplicas"].as_i64().unwrap_or(0) == replicas
        && status["replicas"] == replicas
        && status["updateRevision"] == status["currentRevision"]
}

/// Names and images of all Pods, in order.
async fn pods(cluster: &Cluster) -> Vec<String> {
    let pods = cluster.items(&cluster.core("pods")).await.into_iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut pods: Vec<String> = pods
        .map(|pod| {
            let image = text(&pod["spec"]["containers"][0]["image"]);
            format!("{} {image}", text(&pod["metadata"]["name"]))
        })
        .collect();
    pods.sort();
    pods
}

#[tokio::test]
async fn pods_keep_their_names() {
    let cluster = Cluster::start("stateful").await;
    cluster.run_workloads(Duration::from_secs(40)).await;
    let _node = Node::start(&cluster, "n1", json!({}), json!({})).await;
    let web = cluster.apps("statefulsets/web");
    let set = json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 3,
            "serviceName": "web",
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(&cluster, "web:1"),
        },
    });
    cluster.post(&cluster.apps("statefulsets"), set).await;
    cluster.until(&web, |set| is_done(set, 3)).await;
    assert_eq!(
        pods(&cluster).await,
        ["web-0 web:1", "web-1 web:1", "web-2 web:1"]
    );
    let first = cluster.get(&cluster.core("pods/web-0")).await.unwrap();
    assert_eq!(
        (&first["spec"]["hostname"], &first["spec"]["subdomain"]),
        (&json!("web-0"), &json!("web"))
    );

    let containers = json!([{"name": "main", "image": "web:2"}]);
    let change = json!({"spec": {"replicas": 2, "template": {"spec": {"containers": containers}}}});
    cluster.patch(&web, change).await;
    cluster.until(&web, |set| is_done(set, 2)).await;
    assert_eq!(pods(&cluster).await, ["web-0 web:2", "web-1 web:2"]);
}
