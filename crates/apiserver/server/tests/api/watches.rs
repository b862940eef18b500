//! Watch.

use serde_json::{Value, json};

use super::harness::{Api, CONFIG_MAPS, config_map, revision};

#[tokio::test]
async fn changes_after_a_revision() {
    let api = Api::in_memory();
    let first = api.config_map("a").await;
    let mut watch = api
        .watch(&format!(
            "{CONFIG_MAPS}?watch=true&resourceVersion={}",
            revision(&first)
        ))
        .await;
    api.config_map("b").await;
    api.merge(&format!("{CONFIG_MAPS}/a"), json!({"data": {"a": "2"}}))
        .await;
    api.delete(&format!("{CONFIG_MAPS}/b"), Value::Null).await;
    assert_eq!(watch.brief().await, "ADDED b");
    assert_eq!(watch.brief().await, "MODIFIED a");
    assert_eq!(watch.brief().await, "DELETED b");
}

#[tokio::test]
async fn without_a_revision_the_state_comes_first() {
    let api = Api::in_memory();
    api.config_map("a").await;
    let mut watch = api.watch(&format!("{CONFIG_MAPS}?watch=true")).await;
    assert_eq!(watch.brief().await, "ADDED a");
    api.config_map("b").await;
    assert_eq!(watch.brief().await, "ADDED b");
}

#[tokio::test]
async fn streaming_lists_mark_the_end_of_the_state() {
    let api = Api::in_memory();
    api.config_map("a").await;
    let options = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = api.watch(&format!("{CONFIG_MAPS}?{options}")).await;
    assert_eq!(watch.brief().await, "ADDED a");
    let mark = watch.next().await.unwrap();
    assert_eq!(mark["type"], "BOOKMARK");
    assert_eq!(
        mark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
    let (status, _) = api
        .get(&format!("{CONFIG_MAPS}?watch=1&sendInitialEvents=true"))
        .await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn objects_come_into_a_selection_and_leave_it() {
    let api = Api::in_memory();
    let start = revision(&api.config_map("a").await);
    let mut watch = api
        .watch(&format!(
            "{CONFIG_MAPS}?watch=1&labelSelector=on=yes&resourceVersion={start}"
        ))
        .await;
    let label = |value: Value| json!({"metadata": {"labels": {"on": value}}});
    let path = format!("{CONFIG_MAPS}/a");
    api.merge(&path, label("yes".into())).await;
    let (_, left) = api.merge(&path, label(Value::Null)).await;
    assert_eq!(watch.brief().await, "ADDED a");
    let gone = watch.next().await.unwrap();
    assert_eq!(gone["type"], "DELETED");
    assert_eq!(gone["object"]["metadata"]["labels"]["on"], "yes");
    assert_eq!(revision(&gone["object"]), revision(&left));
}

#[tokio::test]
async fn one_object_by_field_selector() {
    let api = Api::in_memory();
    let mut watch = api
        .watch(&format!("{CONFIG_MAPS}?watch=1&fieldSelector=metadata.name=b"))
        .await;
    api.config_map("a").await;
    api.config_map("b").await;
    assert_eq!(watch.brief().await, "ADDED b");
}

#[tokio::test]
async fn a_timeout_ends_with_a_bookmark() {
    let api = Api::in_memory();
    let mut watch = api
        .watch(&format!(
            "{CONFIG_MAPS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true"
        ))
        .await;
    assert_eq!(watch.brief().await, "BOOKMARK");
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn a_client_that_is_too_slow_is_cut() {
    let api = Api::in_memory();
    let start = revision(&api.config_map("a").await);
    let mut watch = api
        .watch(&format!("{CONFIG_MAPS}?watch=1&resourceVersion={start}"))
        .await;
    // More bytes than the history of a collection keeps.
    let large = "x".repeat(500 << 10);
    for number in 0..12 {
        let mut object = config_map(&format!("large-{number}"));
        object["data"]["large"] = large.as_str().into();
        assert_eq!(api.post(CONFIG_MAPS, object).await.0, 201);
    }
    let error = watch.next().await.unwrap();
    assert_eq!(
        (&error["type"], &error["object"]["reason"]),
        (&json!("ERROR"), &json!("Expired"))
    );
    assert_eq!(watch.next().await, None);
}

#[tokio::test]
async fn closing_the_server_ends_watches() {
    let api = Api::in_memory();
    let mut watch = api.watch(&format!("{CONFIG_MAPS}?watch=1")).await;
    api.0.close().await;
    assert_eq!(watch.next().await, None);
}

/// A collection that always has news: the timers of its watch come first.
#[tokio::test(start_paused = true)]
async fn a_busy_watch_has_bookmarks_and_an_end() {
    let api = Api::in_memory();
    let start = revision(&api.config_map("a").await);
    let options = "watch=1&allowWatchBookmarks=true&timeoutSeconds=100";
    let mut watch = api
        .watch(&format!("{CONFIG_MAPS}?{options}&resourceVersion={start}"))
        .await;
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    api.config_map("b").await;
    assert_eq!(watch.brief().await, "BOOKMARK");
    assert_eq!(watch.brief().await, "ADDED b");
    tokio::time::advance(std::time::Duration::from_secs(40)).await;
    api.config_map("c").await;
    let last = watch.next().await.unwrap();
    assert_eq!(last["type"], "BOOKMARK");
    assert!(watch.next().await.is_none());
    // From where it ended the next one goes on.
    let mut next = api
        .watch(&format!(
            "{CONFIG_MAPS}?watch=1&resourceVersion={}",
            revision(&last["object"])
        ))
        .await;
    assert_eq!(next.brief().await, "ADDED c");
}
