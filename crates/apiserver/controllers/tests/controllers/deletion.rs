//! What the controllers rely on: how an API server deletes. The expectations are what Kubernetes 1.37
//! answers.

use http::Method;
use serde_json::{Value, json};

use crate::cluster::Cluster;

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";

fn revision(object: &Value) -> &Value {
    &object["metadata"]["resourceVersion"]
}

/// Creates a ConfigMap that a finalizer holds, and deletes it.
async fn held(cluster: &Cluster) -> (String, Value) {
    let object = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    cluster.post(&cluster.core("configmaps"), object).await;
    let path = cluster.core("configmaps/held");
    let answer = cluster.delete(&path, json!({})).await;
    (path, answer)
}

#[tokio::test]
async fn a_held_object_stays_as_it_is_until_its_last_finalizer_goes() {
    let cluster = Cluster::start("hold").await;
    let (path, first) = held(&cluster).await;
    assert!(first["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(first["metadata"]["deletionGracePeriodSeconds"], 0);
    let again = cluster.delete(&path, json!({})).await;
    assert_eq!(
        revision(&again),
        revision(&first),
        "deleting again changes nothing"
    );

    let more = json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}});
    let refused = cluster.refused(Method::PATCH, &path, MERGE, more).await;
    assert_eq!(
        (&refused["code"], &refused["reason"]),
        (&json!(422), &json!("Invalid"))
    );
    assert_eq!(refused["details"]["causes"][0]["field"], "metadata.finalizers");
    let changed = cluster.patch(&path, json!({"data": {"still": "possible"}})).await;
    assert_ne!(revision(&changed), revision(&first));

    let taken = json!({"metadata": {"name": "held"}});
    let refused = cluster
        .refused(Method::POST, &cluster.core("configmaps"), JSON, taken)
        .await;
    assert_eq!(refused["reason"], "AlreadyExists");
    assert_eq!(
        refused["message"],
        "object is being deleted: configmaps \"held\" already exists"
    );

    let last = cluster
        .patch(&path, json!({"metadata": {"finalizers": null}}))
        .await;
    assert_eq!(last["data"]["still"], "possible");
    assert!(cluster.get(&path).await.is_none());
}

#[tokio::test]
async fn preconditions_protect_from_deleting_another_object() {
    let cluster = Cluster::start("conditions").await;
    let path = cluster.core("configmaps/one");
    let one = cluster.config_map("one", &[]).await;
    let uid = &one["metadata"]["uid"];
    for wrong in [
        json!({"uid": "other"}),
        json!({"uid": uid, "resourceVersion": "1"}),
    ] {
        let refused = cluster
            .refused(Method::DELETE, &path, JSON, json!({"preconditions": wrong}))
            .await;
        assert_eq!(
            (&refused["code"], &refused["reason"]),
            (&json!(409), &json!("Conflict"))
        );
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("in the precondition"), "{message}");
    }
    let right = json!({"uid": uid, "resourceVersion": revision(&one)});
    let gone = cluster.delete(&path, json!({"preconditions": right})).await;
    assert_eq!(
        (&gone["kind"], &gone["status"]),
        (&json!("Status"), &json!("Success"))
    );
    assert_eq!(gone["details"]["uid"], *uid);
    assert!(cluster.get(&path).await.is_none());
}

#[tokio::test]
async fn options_that_contradict_are_refused_and_dry_runs_delete_nothing() {
    let cluster = Cluster::start("options").await;
    let path = cluster.core("configmaps/one");
    cluster.config_map("one", &[]).await;
    for options in [
        json!({"propagationPolicy": "Sideways"}),
        json!({"propagationPolicy": "Orphan", "orphanDependents": true}),
    ] {
        let refused = cluster.refused(Method::DELETE, &path, JSON, options).await;
        assert_eq!(refused["code"], 422, "{refused:#}");
    }
    cluster.delete(&path, json!({"dryRun": ["All"]})).await;
    cluster.delete(&format!("{path}?dryRun=All"), Value::Null).await;
    assert!(cluster.get(&path).await.is_some());
}

#[tokio::test]
async fn propagation_becomes_a_finalizer_even_without_dependents() {
    let cluster = Cluster::start("policy").await;
    for (policy, finalizer) in [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")] {
        let path = cluster.core("configmaps/one");
        cluster.config_map("one", &[]).await;
        let answer = cluster.delete(&path, json!({"propagationPolicy": policy})).await;
        assert_eq!(answer["metadata"]["finalizers"], json!([finalizer]));
        cluster.gone(&path).await;
    }
}

#[tokio::test]
async fn pods_on_a_node_end_gracefully() {
    let cluster = Cluster::start("graceful").await;
    let path = cluster.core("pods/p");
    cluster.pod("p", "10.42.0.1", true, json!({})).await;
    let grace = |pod: &Value| pod["metadata"]["deletionGracePeriodSeconds"].clone();
    assert_eq!(grace(&cluster.delete(&path, json!({})).await), 30);
    assert_eq!(
        grace(&cluster.delete(&path, json!({"gracePeriodSeconds": 5})).await),
        5
    );
    assert_eq!(
        grace(&cluster.delete(&path, json!({"gracePeriodSeconds": 20})).await),
        5,
        "it never gets longer"
    );
    let last = cluster.delete(&path, json!({"gracePeriodSeconds": 0})).await;
    assert_eq!((&last["kind"], grace(&last)), (&json!("Pod"), json!(0)));
    assert!(cluster.get(&path).await.is_none());
}

#[tokio::test]
async fn a_collection_is_deleted_by_selector() {
    let cluster = Cluster::start("collection").await;
    let maps = cluster.core("configmaps");
    for (name, label) in [("a", "x"), ("b", "x"), ("c", "y")] {
        cluster
            .post(&maps, json!({"metadata": {"name": name, "labels": {"l": label}}}))
            .await;
    }
    let list = cluster
        .delete(&format!("{maps}?labelSelector=l%3Dx"), json!({}))
        .await;
    assert_eq!(list["kind"], "ConfigMapList");
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let left = cluster.items(&format!("{maps}?labelSelector=l")).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["metadata"]["name"], "c");
}

#[tokio::test]
async fn nothing_new_comes_into_a_namespace_that_goes() {
    let cluster = Cluster::start("closing").await;
    let (map, _) = held(&cluster).await;
    let path = format!("/api/v1/namespaces/{}", cluster.namespace);
    let answer = cluster.delete(&path, json!({})).await;
    assert_eq!(answer["status"]["phase"], "Terminating");
    assert!(
        answer["metadata"]["deletionGracePeriodSeconds"].is_null(),
        "{answer:#}"
    );
    let late = json!({"metadata": {"name": "late"}});
    let refused = cluster
        .refused(Method::POST, &cluster.core("configmaps"), JSON, late)
        .await;
    assert_eq!(
        (&refused["code"], &refused["reason"]),
        (&json!(403), &json!("Forbidden"))
    );
    assert_eq!(refused["details"]["causes"][0]["reason"], "NamespaceTerminating");
    let again = json!({"metadata": {"name": cluster.namespace}});
    let refused = cluster
        .refused(Method::POST, "/api/v1/namespaces", JSON, again)
        .await;
    assert_eq!(refused["reason"], "AlreadyExists");
    cluster
        .patch(&map, json!({"metadata": {"finalizers": null}}))
        .await;
    cluster.gone(&path).await;
}
