//! Deployments and ReplicaSets on nodes with kubelets.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::kubelet::{BROKEN, Node};

const GRACE: Duration = Duration::from_secs(40);

/// Nodes on which the Pods of a test run.
async fn nodes(cluster: &Cluster, count: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    for number in 0..count {
        nodes.push(Node::start(cluster, &format!("n{number}"), json!({}), json!({})).await);
    }
    nodes
}

pub(crate) fn template(cluster: &Cluster, image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "nodeSelector": {"test": cluster.namespace},
            "containers": [{"name": "main", "image": image}],
        },
    })
}

fn deployment(cluster: &Cluster, replicas: i32, image: &str) -> Value {
    json!({
        "metadata": {"name": "web", "annotations": {"kubernetes.io/change-cause": "first"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(cluster, image),
        },
    })
}

fn condition(object: &Value, kind: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let found = conditions.find(|one| one["type"] == kind).cloned();
    found.unwrap_or_default()
}

/// What `kubectl rollout status` waits for.
fn is_done(deployment: &Value) -> bool {
    let status = |field: &str| deployment["status"][field].as_i64().unwrap_or(0);
    let wanted = deployment["spec"]["replicas"].as_i64();
    deployment["metadata"]["generation"].as_i64() == Some(status("observedGeneration"))
        && wanted == Some(status("updatedReplicas"))
        && wanted == Some(status("replicas"))
        && wanted == Some(status("availableReplicas"))
}

async fn replica_sets(cluster: &Cluster) -> Vec<Value> {
    cluster.items(&cluster.apps("replicasets")).await
}

/// The ReplicaSet of a revision.
async fn of_revision(cluster: &Cluster, revision: &str) -> Value {
    let mut sets = replica_sets(cluster).await.into_iter();
    let is_it = |set: &Value| set["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == revision;
    sets.find(is_it).unwrap_or_default()
}

#[tokio::test]
async fn a_deployment_rolls_from_one_image_to_the_next_and_back() {
    let cluster = Cluster::start("roll").await;
    cluster.run_workloads(GRACE).await;
    let _nodes = nodes(&cluster, 2).await;
    let web = cluster.apps("deployments/web");
    cluster
        .post(&cluster.apps("deployments"), deployment(&cluster, 4, "web:1"))
        .await;
    let first = cluster.until(&web, is_done).await;
    assert_eq!(condition(&first, "Available")["status"], "True");
    let set = of_revision(&cluster, "1").await;
    let name = set["metadata"]["name"].as_str().unwrap();
    let hash = set["spec"]["template"]["metadata"]["labels"]["pod-template-hash"]
        .as_str()
        .unwrap();
    assert_eq!(name, format!("web-{hash}"));
    assert_eq!(set["spec"]["selector"]["matchLabels"]["pod-template-hash"], hash);
    assert_eq!(set["metadata"]["ownerReferences"][0]["kind"], "Deployment");
    assert_eq!(
        set["metadata"]["annotations"]["kubernetes.io/change-cause"],
        "first"
    );
    let pods = cluster.items(&cluster.core("pods")).await;
    assert_eq!(pods.len(), 4, "{pods:#?}");
    let pod = &pods[0];
    assert_eq!(pod["metadata"]["generateName"], format!("{name}-"));
    assert_eq!(pod["metadata"]["ownerReferences"][0]["controller"], true);
    assert_eq!(pod["metadata"]["labels"]["pod-template-hash"], hash);

    let image = |image: &str| json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}});
    cluster.patch(&web, image("web:2")).await;
    cluster
        .until(&web, |now| {
            is_done(now) && now["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
        })
        .await;
    let done = cluster
        .until(&web, |now| {
            condition(now, "Progressing")["reason"] == "NewReplicaSetAvailable"
        })
        .await;
    let second = of_revision(&cluster, "2").await;
    let message = format!(
        "ReplicaSet {} has successfully progressed.",
        second["metadata"]["name"]
    );
    assert_eq!(condition(&done, "Progressing")["message"], message);
    assert_eq!(replica_sets(&cluster).await.len(), 2);

    cluster.patch(&web, image("web:1")).await;
    cluster
        .until(&web, |now| {
            is_done(now) && now["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
        })
        .await;
    let again = of_revision(&cluster, "3").await;
    assert_eq!(
        again["metadata"]["name"], set["metadata"]["name"],
        "the old set is used again"
    );
    assert_eq!(
        again["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"],
        "1"
    );
    let note = cluster.event("web", "ScalingReplicaSet").await;
    assert_eq!(note, format!("Scaled up replica set {name} from 0 to 4"));
    assert!(
        cluster
            .event(name, "SuccessfulCreate")
            .await
            .starts_with("Created pod: ")
    );
}

#[tokio::test]
async fn a_broken_image_stops_the_rollout_with_enough_pods_left() {
    let cluster = Cluster::start("stuck").await;
    cluster.run_workloads(GRACE).await;
    let _nodes = nodes(&cluster, 1).await;
    let web = cluster.apps("deployments/web");
    let mut object = deployment(&cluster, 4, "web:1");
    object["spec"]["progressDeadlineSeconds"] = 1.into();
    cluster.post(&cluster.apps("deployments"), object).await;
    cluster.until(&web, is_done).await;
    let broken = json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": BROKEN}]}}}});
    cluster.patch(&web, broken).await;
    // A quarter above and a quarter below the wanted number.
    let counts = [("replicas", 5), ("updatedReplicas", 2), ("availableReplicas", 3)];
    let stuck = cluster
        .until(&web, |now| {
            condition(now, "Progressing")["reason"] == "ProgressDeadlineExceeded"
                && counts.iter().all(|(field, count)| now["status"][field] == *count)
        })
        .await;
    assert_eq!(condition(&stuck, "Progressing")["status"], "False");
    assert_eq!(condition(&stuck, "Available")["status"], "True");
}

#[tokio::test]
async fn scale_and_delete() {
    let cluster = Cluster::start("scale").await;
    cluster.run_workloads(GRACE).await;
    let _nodes = nodes(&cluster, 1).await;
    let web = cluster.apps("deployments/web");
    cluster
        .post(&cluster.apps("deployments"), deployment(&cluster, 1, "web:1"))
        .await;
    cluster.until(&web, is_done).await;
    for replicas in [5, 2, 0] {
        cluster
            .patch(&format!("{web}/scale"), json!({"spec": {"replicas": replicas}}))
            .await;
        cluster.until(&web, is_done).await;
        cluster
            .until(&cluster.core("pods"), |list| {
                list["items"].as_array().map(Vec::len) == Some(replicas)
            })
            .await;
    }
    cluster
        .patch(&format!("{web}/scale"), json!({"spec": {"replicas": 2}}))
        .await;
    cluster.until(&web, is_done).await;
    cluster.delete(&web, json!({})).await;
    cluster
        .until(&cluster.core("pods"), |list| {
            list["items"].as_array().map(Vec::len) == Some(0)
        })
        .await;
    assert!(replica_sets(&cluster).await.is_empty());
}
