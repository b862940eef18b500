//! Garbage collection by owner references.

use serde_json::{Value, json};

use crate::cluster::{Cluster, owned_by};

fn owner(object: &Value) -> Value {
    owned_by(object, "v1", "ConfigMap")
}

fn deleted(now: &Value) -> bool {
    now["metadata"]["deletionTimestamp"].is_string()
}

#[tokio::test]
async fn dependents_follow_their_last_owner() {
    let cluster = Cluster::start("background").await;
    let path = |name: &str| cluster.core(&format!("configmaps/{name}"));
    let first = cluster.config_map("first", &[]).await;
    let second = cluster.config_map("second", &[]).await;
    let child = cluster.config_map("child", &[owner(&first)]).await;
    cluster.config_map("grandchild", &[owner(&child)]).await;
    cluster
        .config_map("shared", &[owner(&first), owner(&second)])
        .await;
    cluster
        .delete(&path("first"), json!({"propagationPolicy": "Background"}))
        .await;
    cluster.gone(&path("grandchild")).await;
    cluster.gone(&path("child")).await;
    let shared = cluster
        .until(&path("shared"), |now| {
            now["metadata"]["ownerReferences"]
                .as_array()
                .is_some_and(|all| all.len() == 1)
        })
        .await;
    assert_eq!(
        shared["metadata"]["ownerReferences"][0]["uid"],
        second["metadata"]["uid"]
    );
}

#[tokio::test]
async fn an_owner_that_never_was_counts_as_gone() {
    let cluster = Cluster::start("absent").await;
    let real = cluster.config_map("real", &[]).await;
    let absent = json!({"metadata": {"name": "real", "uid": "22222222-2222-2222-2222-222222222222"}});
    cluster.config_map("wrong", &[owner(&absent)]).await;
    cluster.config_map("right", &[owner(&real)]).await;
    cluster.gone(&cluster.core("configmaps/wrong")).await;
    assert!(cluster.get(&cluster.core("configmaps/right")).await.is_some());
}

#[tokio::test]
async fn an_owner_of_an_unknown_kind_is_left_open() {
    let cluster = Cluster::start("unknown").await;
    let absent = json!({"metadata": {"name": "x", "uid": "22222222-2222-2222-2222-222222222222"}});
    cluster
        .config_map("open", &[owned_by(&absent, "nobody.example.com/v1", "Widget")])
        .await;
    // Collected later than `open` would be, had it been decided.
    cluster.config_map("later", &[owner(&absent)]).await;
    cluster.gone(&cluster.core("configmaps/later")).await;
    assert!(cluster.get(&cluster.core("configmaps/open")).await.is_some());
}

#[tokio::test]
async fn in_the_foreground_dependents_go_first() {
    let cluster = Cluster::start("foreground").await;
    let path = |name: &str| cluster.core(&format!("configmaps/{name}"));
    let top = cluster.config_map("top", &[]).await;
    let child = cluster.config_map("child", &[owner(&top)]).await;
    let mut held = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    held["metadata"]["ownerReferences"] = json!([owner(&child)]);
    cluster.post(&cluster.core("configmaps"), held).await;
    let answer = cluster
        .delete(&path("top"), json!({"propagationPolicy": "Foreground"}))
        .await;
    assert_eq!(answer["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    cluster.until(&path("held"), deleted).await;
    for waiting in ["top", "child"] {
        let now = cluster.get(&path(waiting)).await.unwrap_or_default();
        assert_eq!(
            now["metadata"]["finalizers"],
            json!(["foregroundDeletion"]),
            "{waiting}"
        );
    }
    cluster
        .patch(&path("held"), json!({"metadata": {"finalizers": null}}))
        .await;
    cluster.gone(&path("top")).await;
    assert!(cluster.get(&path("child")).await.is_none());
    assert!(cluster.get(&path("held")).await.is_none());
}

#[tokio::test]
async fn a_circle_does_not_hold_itself() {
    let cluster = Cluster::start("circle").await;
    let path = |name: &str| cluster.core(&format!("configmaps/{name}"));
    let first = cluster.config_map("first", &[]).await;
    let second = cluster.config_map("second", &[owner(&first)]).await;
    cluster
        .patch(
            &path("first"),
            json!({"metadata": {"ownerReferences": [owner(&second)]}}),
        )
        .await;
    cluster
        .delete(&path("first"), json!({"propagationPolicy": "Foreground"}))
        .await;
    cluster.gone(&path("first")).await;
    cluster.gone(&path("second")).await;
}

#[tokio::test]
async fn orphans_stay_and_lose_their_reference() {
    let cluster = Cluster::start("orphan").await;
    let path = |name: &str| cluster.core(&format!("configmaps/{name}"));
    let top = cluster.config_map("top", &[]).await;
    cluster.config_map("child", &[owner(&top)]).await;
    // The collector must know the child: it answers an earlier question about another.
    cluster
        .config_map(
            "probe",
            &[owner(&json!({"metadata": {"name": "no", "uid": "no"}}))],
        )
        .await;
    cluster.gone(&path("probe")).await;
    cluster
        .delete(&path("top"), json!({"propagationPolicy": "Orphan"}))
        .await;
    cluster.gone(&path("top")).await;
    let child = cluster.get(&path("child")).await.expect("the child stays");
    assert!(child["metadata"]["ownerReferences"].is_null(), "{child:#}");
}

#[tokio::test]
async fn a_cluster_scoped_owner_owns_in_every_namespace() {
    let cluster = Cluster::start("scoped").await;
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let role = cluster
        .post(
            roles,
            json!({"metadata": {"name": cluster.namespace}, "rules": []}),
        )
        .await;
    let reference = owned_by(&role, "rbac.authorization.k8s.io/v1", "ClusterRole");
    cluster.config_map("child", &[reference]).await;
    cluster
        .delete(
            &format!("{roles}/{}", cluster.namespace),
            json!({"propagationPolicy": "Background"}),
        )
        .await;
    cluster.gone(&cluster.core("configmaps/child")).await;
}

#[tokio::test]
async fn an_owner_in_another_namespace_is_no_owner() {
    let cluster = Cluster::start("foreign").await;
    let mine = cluster.config_map("mine", &[]).await;
    let secret = json!({"metadata": {"name": "child", "ownerReferences": [owner(&mine)]}});
    cluster
        .post("/api/v1/namespaces/default/configmaps", secret)
        .await;
    cluster.gone("/api/v1/namespaces/default/configmaps/child").await;
    complaint(&cluster, &mine).await;
}

#[tokio::test]
async fn a_cluster_scoped_object_cannot_have_a_namespaced_owner_and_stays() {
    let cluster = Cluster::start("upward").await;
    let mine = cluster.config_map("mine", &[]).await;
    let roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let metadata = json!({"name": cluster.namespace, "ownerReferences": [owner(&mine)]});
    cluster
        .post(roles, json!({"metadata": metadata, "rules": []}))
        .await;
    cluster
        .delete(
            &cluster.core("configmaps/mine"),
            json!({"propagationPolicy": "Background"}),
        )
        .await;
    complaint(&cluster, &mine).await;
    let path = format!("{roles}/{}", cluster.namespace);
    assert!(cluster.get(&path).await.is_some());
    cluster.delete(&path, json!({})).await;
}

/// Waits for the Event that tells of a reference to `owner` across namespaces.
async fn complaint(cluster: &Cluster, owner: &Value) {
    let uid = owner["metadata"]["uid"].as_str().unwrap();
    let tells = |event: &Value| {
        event["reason"] == "OwnerRefInvalidNamespace"
            && event["message"].as_str().unwrap_or_default().contains(uid)
    };
    cluster
        .until("/api/v1/namespaces/default/events", |list| {
            list["items"].as_array().is_some_and(|all| all.iter().any(tells))
        })
        .await;
}

#[tokio::test]
async fn custom_resources_that_appear_later_are_collected_too() {
    let cluster = Cluster::start("custom").await;
    let group = format!("{}.example.com", cluster.namespace);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            }],
        },
    });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    cluster.post(definitions, definition).await;
    let widgets = format!("/apis/{group}/v1/namespaces/{}/widgets", cluster.namespace);
    cluster.until(&widgets, Value::is_object).await;
    let api_version = format!("{group}/v1");
    let widget = json!({"apiVersion": api_version, "kind": "Widget", "metadata": {"name": "top"}});
    let top = cluster.post(&widgets, widget).await;
    let mut child = json!({"apiVersion": api_version, "kind": "Widget", "metadata": {"name": "child"}});
    child["metadata"]["ownerReferences"] = json!([owned_by(&top, &api_version, "Widget")]);
    cluster.post(&widgets, child).await;
    cluster
        .config_map("child", &[owned_by(&top, &api_version, "Widget")])
        .await;
    cluster
        .delete(
            &format!("{widgets}/top"),
            json!({"propagationPolicy": "Foreground"}),
        )
        .await;
    cluster.gone(&format!("{widgets}/child")).await;
    cluster.gone(&format!("{widgets}/top")).await;
    cluster.gone(&cluster.core("configmaps/child")).await;
    cluster
        .delete(&format!("{definitions}/widgets.{group}"), json!({}))
        .await;
}
