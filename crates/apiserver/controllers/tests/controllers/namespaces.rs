//! Deletion of namespaces.

use serde_json::{Value, json};

use crate::cluster::Cluster;

fn condition<'a>(namespace: &'a Value, kind: &str) -> Option<&'a Value> {
    namespace["status"]["conditions"]
        .as_array()?
        .iter()
        .find(|one| one["type"] == kind)
}

fn is_true(namespace: &Value, kind: &str) -> bool {
    condition(namespace, kind).is_some_and(|one| one["status"] == "True")
}

#[tokio::test]
async fn a_namespace_goes_with_everything_in_it() {
    let cluster = Cluster::start("doomed").await;
    cluster.config_map("one", &[]).await;
    cluster
        .post(
            &cluster.core("services"),
            json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}),
        )
        .await;
    let path = format!("/api/v1/namespaces/{}", cluster.namespace);
    let answer = cluster.delete(&path, json!({})).await;
    assert_eq!(answer["status"]["phase"], "Terminating");
    cluster.gone(&path).await;
    assert!(cluster.items(&cluster.core("configmaps")).await.is_empty());
}

#[tokio::test]
async fn what_holds_a_namespace_is_told_and_pods_go_first() {
    let cluster = Cluster::start("held").await;
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    cluster.post(&cluster.core("configmaps"), held).await;
    cluster.pod("graceful", "10.42.0.1", true, json!({})).await;
    let path = format!("/api/v1/namespaces/{}", cluster.namespace);
    cluster.delete(&path, json!({})).await;
    let now = cluster
        .until(&path, |now| is_true(now, "NamespaceContentRemaining"))
        .await;
    let message = condition(&now, "NamespaceContentRemaining").unwrap()["message"].clone();
    assert_eq!(
        message,
        "Some resources are remaining: pods. has 1 resource instances"
    );
    let map = cluster.get(&cluster.core("configmaps/held")).await.unwrap();
    assert!(
        map["metadata"]["deletionTimestamp"].is_null(),
        "pods go before everything else"
    );

    cluster
        .delete(&cluster.core("pods/graceful"), json!({"gracePeriodSeconds": 0}))
        .await;
    let now = cluster
        .until(&path, |now| is_true(now, "NamespaceFinalizersRemaining"))
        .await;
    let message = condition(&now, "NamespaceFinalizersRemaining").unwrap()["message"].clone();
    assert_eq!(
        message,
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    );
    cluster
        .patch(
            &cluster.core("configmaps/held"),
            json!({"metadata": {"finalizers": null}}),
        )
        .await;
    cluster.gone(&path).await;
}
