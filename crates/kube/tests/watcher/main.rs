//! kube's own watcher, as other controllers use it, against the embedded API server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kinglet_test_support::api::Server;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{Config, Event, watcher};
use serde_json::json;

fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"a": "1"}})).unwrap()
}

fn describe(event: Event<ConfigMap>) -> String {
    let name = |object: ConfigMap| object.metadata.name.unwrap();
    match event {
        Event::Init => "init".to_owned(),
        Event::InitApply(object) => format!("init {}", name(object)),
        Event::InitDone => "done".to_owned(),
        Event::Apply(object) => format!("apply {}", name(object)),
        Event::Delete(object) => format!("delete {}", name(object)),
    }
}

/// Lists, then follows changes; both ways of the initial list must tell the same.
async fn follows(config: Config) {
    let api: Api<ConfigMap> = Api::namespaced(Server::start().client(), "default");
    api.create(&PostParams::default(), &config_map("first"))
        .await
        .unwrap();
    let mut events = watcher(api.clone(), config).boxed();
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "done") {
        seen.push(describe(events.try_next().await.unwrap().unwrap()));
    }
    assert_eq!(seen, ["init", "init first", "done"]);

    api.create(&PostParams::default(), &config_map("second"))
        .await
        .unwrap();
    let label = Patch::Merge(json!({"metadata": {"labels": {"x": "y"}}}));
    api.patch("first", &PatchParams::default(), &label).await.unwrap();
    api.delete("second", &DeleteParams::default()).await.unwrap();
    let mut changes = Vec::new();
    while changes.len() < 3 {
        changes.push(describe(events.try_next().await.unwrap().unwrap()));
    }
    assert_eq!(changes, ["apply second", "apply first", "delete second"]);
}

#[tokio::test]
async fn list_and_watch() {
    follows(Config::default()).await;
}

#[tokio::test]
async fn streaming_list() {
    follows(Config::default().streaming_lists()).await;
}
