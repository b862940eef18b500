//! Create, update, patch, delete.

use serde_json::{Value, json};

use super::harness::{Api, CONFIG_MAPS, config_map, names, revision};

fn path(name: &str) -> String {
    format!("{CONFIG_MAPS}/{name}")
}

#[tokio::test]
async fn create_sets_what_only_the_server_knows() {
    let api = Api::in_memory();
    let object = api.config_map("a").await;
    let meta = &object["metadata"];
    assert_eq!(meta["namespace"], "default");
    assert_eq!(meta["uid"].as_str().unwrap().len(), 36);
    assert!(meta["creationTimestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(meta["managedFields"][0]["manager"], "tests");
    assert_eq!(api.get(&path("a")).await, (200, object));

    let (status, again) = api.post(CONFIG_MAPS, config_map("a")).await;
    assert_eq!((status, &again["reason"]), (409, &json!("AlreadyExists")));
    assert_eq!(again["message"], "configmaps \"a\" already exists");
    let (_, generated) = api
        .post(CONFIG_MAPS, json!({"metadata": {"generateName": "g-"}}))
        .await;
    assert_eq!(generated["metadata"]["name"].as_str().unwrap().len(), 7);
    let (status, missing) = api
        .post("/api/v1/namespaces/none/configmaps", config_map("a"))
        .await;
    assert_eq!(
        (status, &missing["message"]),
        (404, &json!("namespaces \"none\" not found"))
    );
    let (status, invalid) = api.post(CONFIG_MAPS, config_map("A")).await;
    assert_eq!(
        (status, &invalid["details"]["causes"][0]["field"]),
        (422, &json!("metadata.name"))
    );
}

#[tokio::test]
async fn dry_run_writes_nothing() {
    let api = Api::in_memory();
    let before = api.get(CONFIG_MAPS).await;
    let (status, object) = api
        .post(&format!("{CONFIG_MAPS}?dryRun=All"), config_map("a"))
        .await;
    assert_eq!((status, &object["data"]["a"]), (201, &json!("1")));
    assert_eq!(api.get(CONFIG_MAPS).await, before);
}

#[tokio::test]
async fn update_follows_the_resource_version() {
    let api = Api::in_memory();
    let mut object = api.config_map("a").await;
    let old = object.clone();
    object["data"]["a"] = "2".into();
    let (status, new) = api.put(&path("a"), object).await;
    assert_eq!(status, 200);
    assert!(revision(&new) > revision(&old));
    let (status, conflict) = api.put(&path("a"), old.clone()).await;
    assert_eq!((status, &conflict["reason"]), (409, &json!("Conflict")));
    // The same content again is no change.
    let (_, same) = api.put(&path("a"), new.clone()).await;
    assert_eq!(revision(&same), revision(&new));
    // Without a resourceVersion the client does not care.
    let (status, _) = api.put(&path("a"), config_map("a")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn strict_fields() {
    let api = Api::in_memory();
    let mut object = config_map("a");
    object["dat"] = json!({});
    let (status, refused) = api
        .post(&format!("{CONFIG_MAPS}?fieldValidation=Strict"), object.clone())
        .await;
    assert_eq!(status, 400);
    let message = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"dat\"";
    assert_eq!(refused["message"], message);
    let (status, warned) = api.post(CONFIG_MAPS, object).await;
    assert_eq!((status, warned.get("dat")), (201, None));
}

#[tokio::test]
async fn patches_of_all_kinds() {
    let api = Api::in_memory();
    api.config_map("a").await;
    let (_, merged) = api
        .merge(&path("a"), json!({"data": {"b": "2", "a": null}}))
        .await;
    assert_eq!(merged["data"], json!({"b": "2"}));
    let operations = json!([{"op": "add", "path": "/data/c", "value": "3"}]);
    let (_, patched) = api
        .send(
            http::Method::PATCH,
            &path("a"),
            "application/json-patch+json",
            &operations,
        )
        .await;
    assert_eq!(patched["data"], json!({"b": "2", "c": "3"}));
    let strategic = json!({"data": {"$patch": "replace", "d": "4"}});
    let media_type = "application/strategic-merge-patch+json";
    let (_, patched) = api
        .send(http::Method::PATCH, &path("a"), media_type, &strategic)
        .await;
    assert_eq!(patched["data"], json!({"d": "4"}));
    let (status, stale) = api
        .merge(
            &path("a"),
            json!({"metadata": {"resourceVersion": "1"}, "data": {}}),
        )
        .await;
    assert_eq!((status, &stale["reason"]), (409, &json!("Conflict")));
    let (status, _) = api
        .send(http::Method::PATCH, &path("a"), "application/json", &json!({}))
        .await;
    assert_eq!(status, 415);
}

#[tokio::test]
async fn server_side_apply_creates_changes_and_conflicts() {
    let api = Api::in_memory();
    let wanted = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": value}});
    let by = |manager: &str| format!("{}?fieldManager={manager}", path("a"));
    let (status, created) = api.apply(&by("one"), wanted("1")).await;
    assert_eq!(status, 201, "{created}");
    let (status, same) = api.apply(&by("one"), wanted("1")).await;
    assert_eq!((status, revision(&same)), (200, revision(&created)));
    let (status, conflict) = api.apply(&by("two"), wanted("2")).await;
    assert_eq!(
        (status, &conflict["details"]["causes"][0]["field"]),
        (409, &json!(".data.a"))
    );
    let (status, forced) = api.apply(&format!("{}&force=true", by("two")), wanted("2")).await;
    assert_eq!((status, &forced["data"]["a"]), (200, &json!("2")));
    let (status, _) = api.apply(&path("a"), wanted("1")).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn patches_of_one_object_at_the_same_time_all_arrive() {
    let api = Api::in_memory();
    api.config_map("a").await;
    let tasks: Vec<_> = (0..4)
        .map(|number| {
            let api = api.clone();
            tokio::spawn(async move {
                api.merge(&path("a"), json!({"data": {format!("k{number}"): "x"}}))
                    .await
                    .0
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    let (_, object) = api.get(&path("a")).await;
    assert_eq!(object["data"].as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn finalizers_hold_a_deleted_object() {
    let api = Api::in_memory();
    let mut object = config_map("a");
    object["metadata"]["finalizers"] = json!(["example.com/hold"]);
    api.post(CONFIG_MAPS, object).await;
    let (status, held) = api.delete(&path("a"), Value::Null).await;
    assert_eq!(status, 200);
    assert!(held["metadata"]["deletionTimestamp"].is_string());
    let (status, _) = api
        .merge(
            &path("a"),
            json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}),
        )
        .await;
    assert_eq!(status, 422);
    let (status, _) = api
        .merge(&path("a"), json!({"metadata": {"finalizers": null}}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(api.get(&path("a")).await.0, 404);
}

#[tokio::test]
async fn deletion_knows_preconditions_and_propagation() {
    let api = Api::in_memory();
    let object = api.config_map("a").await;
    let (status, _) = api
        .delete(&path("a"), json!({"preconditions": {"uid": "other"}}))
        .await;
    assert_eq!(status, 409);
    let (_, held) = api
        .delete(&path("a"), json!({"propagationPolicy": "Foreground"}))
        .await;
    assert_eq!(held["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    let (_, gone) = api
        .delete(&path("a"), json!({"propagationPolicy": "Background"}))
        .await;
    assert_eq!(gone["status"], "Success");
    assert_eq!(gone["details"]["uid"], object["metadata"]["uid"]);
    api.config_map("b").await;
    api.config_map("c").await;
    let (_, deleted) = api
        .delete(&format!("{CONFIG_MAPS}?labelSelector=app=b"), Value::Null)
        .await;
    assert_eq!(names(&deleted), ["b"]);
    assert_eq!(names(&api.get(CONFIG_MAPS).await.1), ["c"]);
}

#[tokio::test]
async fn a_namespace_ends_when_it_is_finalized() {
    let api = Api::in_memory();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}});
    let (_, created) = api.post("/api/v1/namespaces", namespace).await;
    assert_eq!(created["spec"]["finalizers"], json!(["kubernetes"]));
    assert_eq!(created["status"]["phase"], "Active");
    let (_, deleted) = api.delete("/api/v1/namespaces/x", Value::Null).await;
    assert_eq!(deleted["status"]["phase"], "Terminating");
    let (status, refused) = api
        .post("/api/v1/namespaces/x/configmaps", config_map("late"))
        .await;
    assert_eq!(
        (status, &refused["details"]["causes"][0]["reason"]),
        (403, &json!("NamespaceTerminating"))
    );
    let mut finalized = deleted.clone();
    finalized["spec"]["finalizers"] = json!([]);
    let (status, answer) = api.put("/api/v1/namespaces/x/finalize", finalized).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(api.get("/api/v1/namespaces/x").await.0, 404);
    assert_eq!(api.delete("/api/v1/namespaces/default", Value::Null).await.0, 403);
}

#[tokio::test]
async fn status_and_scale_are_parts_of_their_own() {
    let api = Api::in_memory();
    let labels = json!({"app": "w"});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        },
        "status": {"replicas": 9},
    });
    let deployments = "/apis/apps/v1/namespaces/default/deployments";
    let (status, created) = api.post(deployments, deployment).await;
    assert_eq!(status, 201, "{created}");
    assert_ne!(created["status"]["replicas"], 9);
    let object = format!("{deployments}/w");
    let (_, changed) = api
        .merge(
            &format!("{object}/status"),
            json!({"spec": {"replicas": 7}, "status": {"replicas": 2}}),
        )
        .await;
    assert_eq!(
        (&changed["spec"]["replicas"], &changed["status"]["replicas"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(changed["metadata"]["generation"], 1);
    let (_, scale) = api.get(&format!("{object}/scale")).await;
    assert_eq!(scale["status"], json!({"replicas": 2, "selector": "app=w"}));
    let (_, scale) = api
        .merge(&format!("{object}/scale"), json!({"spec": {"replicas": 5}}))
        .await;
    assert_eq!(scale["spec"]["replicas"], 5);
    let (_, scaled) = api.get(&object).await;
    assert_eq!(
        (&scaled["spec"]["replicas"], &scaled["metadata"]["generation"]),
        (&json!(5), &json!(2))
    );
}

#[tokio::test]
async fn a_pod_is_bound_once() {
    let api = Api::in_memory();
    let pods = "/api/v1/namespaces/default/pods";
    let pod = |name: &str, gates: Value| {
        json!({"metadata": {"name": name}, "spec": {
            "schedulingGates": gates, "containers": [{"name": "main", "image": "none"}],
        }})
    };
    api.post(pods, pod("a", json!([]))).await;
    api.post(pods, pod("gated", json!([{"name": "example.com/wait"}])))
        .await;
    let binding = |name: &str, node: &str| {
        json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, "annotations": {"by": "hand"}},
            "target": {"kind": "Node", "name": node}})
    };
    let (status, refused) = api.post(&format!("{pods}/a/binding"), binding("a", "")).await;
    assert_eq!(
        (status, &refused["details"]["causes"][0]["field"]),
        (422, &json!("target.name"))
    );
    let (status, done) = api.post(&format!("{pods}/a/binding"), binding("a", "n1")).await;
    assert_eq!((status, &done["status"]), (201, &json!("Success")));
    let (_, bound) = api.get(&format!("{pods}/a")).await;
    assert_eq!(bound["spec"]["nodeName"], "n1");
    assert_eq!(bound["metadata"]["annotations"]["by"], "hand");
    let condition = &bound["status"]["conditions"][0];
    assert_eq!(
        (&condition["type"], &condition["status"]),
        (&json!("PodScheduled"), &json!("True"))
    );
    let conflicts = [
        (
            "a",
            "Operation cannot be fulfilled on pods/binding \"a\": pod a is already assigned to node \"n1\"",
        ),
        (
            "gated",
            "Operation cannot be fulfilled on pods/binding \"gated\": pod gated has non-empty .spec.schedulingGates",
        ),
    ];
    for (name, message) in conflicts {
        let path = format!("{pods}/{name}/binding");
        let (status, conflict) = api.post(&path, binding(name, "n2")).await;
        assert_eq!((status, &conflict["message"]), (409, &json!(message)));
    }
    let (status, _) = api.get(&format!("{pods}/a/binding")).await;
    assert_eq!(status, 405);
}
