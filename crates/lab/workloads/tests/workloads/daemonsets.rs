//! DaemonSets on nodes with kubelets.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::deployments::template;
use crate::kubelet::Node;

fn daemon_set(cluster: &Cluster, strategy: Value) -> Value {
    let mut template = template(cluster, "agent:1");
    template["spec"]["nodeSelector"]["role"] = "worker".into();
    json!({
        "metadata": {"name": "agent"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "updateStrategy": strategy,
            "template": template,
        },
    })
}

/// What `kubectl rollout status` waits for, with a number of nodes.
fn is_done(set: &Value, nodes: i64) -> bool {
    let status = |field: &str| set["status"][field].as_i64().unwrap_or(0);
    set["metadata"]["generation"].as_i64() == Some(status("observedGeneration"))
        && [
            "desiredNumberScheduled",
            "updatedNumberScheduled",
            "numberAvailable",
        ]
        .iter()
        .all(|field| status(field) == nodes)
}

/// The nodes of all Pods, in order.
async fn nodes_of(cluster: &Cluster) -> Vec<String> {
    let pods = cluster.items(&cluster.core("pods")).await.into_iter();
    let mut nodes: Vec<String> = pods
        .map(|pod| pod["spec"]["nodeName"].as_str().unwrap_or_default().to_owned())
        .collect();
    nodes.sort();
    nodes
}

#[tokio::test]
async fn a_daemon_set_follows_the_labels_of_nodes() {
    let cluster = Cluster::start("daemons").await;
    cluster.run_workloads(Duration::from_secs(40)).await;
    let worker = json!({"role": "worker"});
    let cordoned = json!({"unschedulable": true});
    let first = Node::start(&cluster, "n1", worker.clone(), json!({})).await;
    let second = Node::start(&cluster, "n2", worker, cordoned).await;
    let third = Node::start(&cluster, "n3", json!({}), json!({})).await;
    let agent = cluster.apps("daemonsets/agent");
    cluster
        .post(&cluster.apps("daemonsets"), daemon_set(&cluster, json!({})))
        .await;
    cluster.until(&agent, |set| is_done(set, 2)).await;
    assert_eq!(
        nodes_of(&cluster).await,
        [first.name.clone(), second.name.clone()]
    );

    let label = |role: Value| json!({"metadata": {"labels": {"role": role}}});
    let path = |node: &Node| format!("/api/v1/nodes/{}", node.name);
    cluster.patch(&path(&third), label("worker".into())).await;
    cluster.until(&agent, |set| is_done(set, 3)).await;
    cluster.patch(&path(&first), label(Value::Null)).await;
    cluster
        .until(&agent, |set| {
            is_done(set, 2) && set["status"]["numberMisscheduled"] == 0
        })
        .await;
    assert_eq!(
        nodes_of(&cluster).await,
        [second.name.clone(), third.name.clone()]
    );
    assert!(
        cluster
            .event("agent", "SuccessfulCreate")
            .await
            .starts_with("Created pod: agent-")
    );
}

#[tokio::test]
async fn a_daemon_set_rolls_with_and_without_surge() {
    let cluster = Cluster::start("rolling").await;
    cluster.run_workloads(Duration::from_secs(40)).await;
    let mut nodes = Vec::new();
    for number in 0..3 {
        let name = format!("n{number}");
        nodes.push(Node::start(&cluster, &name, json!({"role": "worker"}), json!({})).await);
    }
    let agent = cluster.apps("daemonsets/agent");
    cluster
        .post(&cluster.apps("daemonsets"), daemon_set(&cluster, json!({})))
        .await;
    cluster.until(&agent, |set| is_done(set, 3)).await;
    let strategies = [
        json!({"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}),
        json!({"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}),
    ];
    for (strategy, image) in strategies.into_iter().zip(["agent:2", "agent:3"]) {
        let spec = json!({"containers": [{"name": "main", "image": image}]});
        let change = json!({"spec": {"updateStrategy": strategy, "template": {"spec": spec}}});
        cluster.patch(&agent, change).await;
        cluster.until(&agent, |set| is_done(set, 3)).await;
        cluster
            .until(&cluster.core("pods"), |list| {
                let pods = list["items"].as_array().cloned().unwrap_or_default();
                pods.len() == 3
                    && pods
                        .iter()
                        .all(|pod| pod["spec"]["containers"][0]["image"] == image)
            })
            .await;
    }
}
