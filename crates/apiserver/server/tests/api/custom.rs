//! Custom resources.

use serde_json::{Value, json};

use super::harness::{Api, names};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

fn definition() -> Value {
    let version = |name: &str, storage: bool| {
        json!({
            "name": name, "served": true, "storage": storage, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "required": ["size"], "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "color": {"type": "string", "default": "red"},
                }},
                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }}},
            "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
        })
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [version("v1", true), version("v2", false)],
        },
    })
}

fn widget(size: i64) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": size, "odd": 1}})
}

async fn with_widgets() -> Api {
    let api = Api::in_memory();
    let (status, created) = api.post(DEFINITIONS, definition()).await;
    assert_eq!(status, 201, "{created}");
    api
}

#[tokio::test]
async fn a_definition_is_served_at_once() {
    let api = with_widgets().await;
    let (_, definition) = api.get(&format!("{DEFINITIONS}/widgets.example.com")).await;
    let conditions = definition["status"]["conditions"].as_array().unwrap();
    assert!(
        conditions
            .iter()
            .any(|one| one["type"] == "Established" && one["status"] == "True")
    );
    assert_eq!(definition["status"]["storedVersions"], json!(["v1"]));
    let (_, groups) = api.get("/apis/example.com").await;
    assert_eq!(groups["versions"].as_array().unwrap().len(), 2);
    let (_, index) = api.get("/openapi/v3").await;
    assert!(index["paths"]["apis/example.com/v1"].is_object());
}

#[tokio::test]
async fn objects_are_defaulted_pruned_and_validated() {
    let api = with_widgets().await;
    let (status, created) = api.post(WIDGETS, widget(3)).await;
    assert_eq!(status, 201, "{created}");
    assert_eq!(created["spec"], json!({"size": 3, "color": "red"}));
    assert_eq!(created["metadata"]["generation"], 1);
    let (status, invalid) = api
        .merge(&format!("{WIDGETS}/w"), json!({"spec": {"size": 0}}))
        .await;
    assert_eq!(
        (status, &invalid["details"]["causes"][0]["field"]),
        (422, &json!("spec.size"))
    );
    let (_, with_status) = api
        .merge(
            &format!("{WIDGETS}/w/status"),
            json!({"status": {"ok": true}, "spec": {"size": 9}}),
        )
        .await;
    assert_eq!(
        (&with_status["status"]["ok"], &with_status["spec"]["size"]),
        (&json!(true), &json!(3))
    );
}

#[tokio::test]
async fn versions_show_the_same_objects() {
    let api = with_widgets().await;
    api.post(WIDGETS, widget(3)).await;
    let (_, second) = api.get(&WIDGETS.replace("v1", "v2")).await;
    assert_eq!(second["apiVersion"], "example.com/v2");
    assert_eq!(second["items"][0]["apiVersion"], "example.com/v2");
    assert_eq!(names(&second), ["w"]);
}

#[tokio::test]
async fn a_deleted_definition_takes_its_objects_along() {
    let api = with_widgets().await;
    api.post(WIDGETS, widget(3)).await;
    let (status, _) = api
        .delete(&format!("{DEFINITIONS}/widgets.example.com"), Value::Null)
        .await;
    assert_eq!(status, 200);
    assert_eq!(api.get(WIDGETS).await.0, 404);
    api.post(DEFINITIONS, definition()).await;
    assert_eq!(names(&api.get(WIDGETS).await.1), Vec::<&str>::new());
}

#[tokio::test]
async fn a_restart_serves_stored_definitions() {
    let directory = tempfile::tempdir().unwrap();
    let api = Api::open(directory.path());
    api.post(DEFINITIONS, definition()).await;
    api.post(WIDGETS, widget(3)).await;
    api.0.close().await;
    let api = Api::open(directory.path());
    assert_eq!(names(&api.get(WIDGETS).await.1), ["w"]);
    api.0.close().await;
}

#[tokio::test]
async fn rules_are_evaluated_and_deprecated_versions_told_of() {
    let api = Api::in_memory();
    let mut definition = definition();
    let versions = definition["spec"]["versions"].as_array_mut().unwrap();
    versions[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["x-kubernetes-validations"] = json!([
        {"rule": "self.size < 10", "message": "too big"},
        {"rule": "self.color == oldSelf.color", "message": "color is fixed"},
    ]);
    versions[1]["deprecated"] = true.into();
    assert_eq!(api.post(DEFINITIONS, definition).await.0, 201);
    let (status, refused) = api.post(WIDGETS, widget(10)).await;
    assert_eq!(
        (status, refused["message"].as_str()),
        (
            422,
            Some("Widget.example.com \"w\" is invalid: spec: Invalid value: too big")
        )
    );
    assert_eq!(api.post(WIDGETS, widget(3)).await.0, 201);
    let change = json!({"spec": {"color": "blue"}});
    let (status, refused) = api.merge(&format!("{WIDGETS}/w"), change).await;
    assert_eq!(
        (status, &refused["details"]["causes"][0]["message"]),
        (422, &json!("Invalid value: color is fixed"))
    );
    let request = http::Request::get(WIDGETS.replace("v1", "v2"))
        .extension(kinglet_apiserver::Identity::admin())
        .body(http_body_util::Full::new(bytes::Bytes::new()))
        .unwrap();
    let response = api.raw(request).await;
    assert_eq!(
        response.headers()["warning"],
        "299 - \"example.com/v2 Widget is deprecated\""
    );
}
