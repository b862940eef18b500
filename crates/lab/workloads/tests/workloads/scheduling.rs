//! The scheduler.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::kubelet::Node;

const GRACE: Duration = Duration::from_secs(40);

fn pod(name: &str, port: u16, spec: Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "web:1", "ports": [{"containerPort": 80, "hostPort": port}]}]},
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][field] = value.clone();
    }
    pod
}

fn scheduled(pod: &Value) -> Value {
    let conditions = pod["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let found = conditions.find(|one| one["type"] == "PodScheduled").cloned();
    found.unwrap_or_default()
}

#[tokio::test]
async fn a_pod_waits_for_a_free_port_and_says_so() {
    let cluster = Cluster::start("port").await;
    cluster.run_workloads(GRACE).await;
    let pods = cluster.core("pods");
    let path = |name: &str| cluster.core(&format!("pods/{name}"));
    cluster.post(&pods, pod("a", 8080, json!({}))).await;
    let waiting = cluster
        .until(&path("a"), |pod| scheduled(pod)["status"] == "False")
        .await;
    assert_eq!(
        scheduled(&waiting)["message"],
        "no nodes available to schedule pods"
    );
    let taints = json!({"taints": [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]});
    let node = Node::start(&cluster, "n1", json!({}), json!({})).await;
    let _tainted = Node::start(&cluster, "n2", json!({}), taints).await;
    cluster
        .until(&path("a"), |pod| pod["spec"]["nodeName"] == *node.name)
        .await;
    let note = cluster.event("a", "Scheduled").await;
    assert_eq!(
        note,
        format!("Successfully assigned {}/a to {}", cluster.namespace, node.name)
    );

    cluster.post(&pods, pod("b", 8080, json!({}))).await;
    let expected = "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, \
                    1 node(s) had untolerated taint {dedicated: db}. ";
    let waiting = cluster
        .until(&path("b"), |pod| scheduled(pod)["status"] == "False")
        .await;
    let message = scheduled(&waiting)["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(cluster.event("b", "FailedScheduling").await, message);

    cluster.delete(&path("a"), json!({})).await;
    let bound = cluster
        .until(&path("b"), |pod| pod["spec"]["nodeName"] == *node.name)
        .await;
    assert_eq!(scheduled(&bound)["status"], "True");
}

#[tokio::test]
async fn a_pod_waits_for_company() {
    let cluster = Cluster::start("company").await;
    cluster.run_workloads(GRACE).await;
    let _node = Node::start(&cluster, "n1", json!({}), json!({})).await;
    let friend =
        json!({"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "kubernetes.io/hostname"});
    let near = json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [friend]}});
    let pods = cluster.core("pods");
    cluster
        .post(&pods, pod("web", 0, json!({"affinity": near})))
        .await;
    let path = cluster.core("pods/web");
    cluster
        .until(&path, |pod| scheduled(pod)["status"] == "False")
        .await;
    let mut db = pod("db", 0, json!({}));
    db["metadata"]["labels"]["app"] = "db".into();
    cluster.post(&pods, db).await;
    cluster
        .until(&path, |pod| pod["spec"]["nodeName"].is_string())
        .await;
}

#[tokio::test]
async fn gates_and_other_schedulers_are_respected() {
    let cluster = Cluster::start("gates").await;
    cluster.run_workloads(GRACE).await;
    let _node = Node::start(&cluster, "n1", json!({}), json!({})).await;
    let pods = cluster.core("pods");
    let gated = json!({"schedulingGates": [{"name": "example.com/wait"}]});
    cluster.post(&pods, pod("gated", 0, gated)).await;
    let other = json!({"schedulerName": "other"});
    cluster.post(&pods, pod("other", 0, other)).await;
    cluster.post(&pods, pod("free", 0, json!({}))).await;
    cluster
        .until(&cluster.core("pods/free"), |pod| {
            pod["spec"]["nodeName"].is_string()
        })
        .await;
    for name in ["gated", "other"] {
        let pod = cluster.get(&cluster.core(&format!("pods/{name}"))).await.unwrap();
        assert!(pod["spec"]["nodeName"].is_null(), "{pod:#}");
        assert_ne!(scheduled(&pod)["reason"], "Unschedulable");
    }
    cluster
        .patch(
            &cluster.core("pods/gated"),
            json!({"spec": {"schedulingGates": []}}),
        )
        .await;
    cluster
        .until(&cluster.core("pods/gated"), |pod| {
            pod["spec"]["nodeName"].is_string()
        })
        .await;
}
