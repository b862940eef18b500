//! Events on an API server: what repeats is counted, and tools that sort by time find its time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use kinglet_kube::{Collection, Deletion, ObjectReference, Recorder, Report, Resource, Severity};
use kinglet_model::{Meta, Object, ObjectName};
use kinglet_test_support::api::Server;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// An Event of core/v1.
#[derive(Deserialize)]
struct Event {
    metadata: Meta,
}

impl Object for Event {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Event";
    const PLURAL: &'static str = "events";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

fn report(note: &str) -> Report {
    Report {
        regarding: ObjectReference {
            api_version: "v1".to_owned(),
            kind: "Service".to_owned(),
            name: ObjectName::new("default", "web"),
            uid: "1".to_owned(),
        },
        severity: Severity::Warning,
        reason: "PortTaken",
        action: "Allocating",
        note: note.to_owned(),
    }
}

/// Waits until the Events about the Service are as wanted.
async fn until(events: &Collection, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..1000 {
        let list: Vec<Value> = events.list("default").await.unwrap();
        let list: Vec<Value> = list
            .into_iter()
            .filter(|event| event["involvedObject"]["name"] == "web")
            .collect();
        if wanted(&list) {
            return list;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", events.list::<Value>("default").await);
}

#[tokio::test]
async fn an_event_has_times_and_a_count_and_comes_back_when_it_was_deleted() {
    let (client, stop) = (Server::start().client(), CancellationToken::new());
    let recorder = Recorder::spawn(client.clone(), "tests", "host".to_owned(), stop.clone());
    let events = Collection::new(client, Resource::of::<Event>());

    recorder.report(report("port 80 is taken"));
    let first = until(&events, |list| list.len() == 1).await.remove(0);
    assert_eq!(first["count"], 1);
    assert_eq!(first["source"], json!({"component": "tests", "host": "host"}));
    assert_eq!(first["reportingComponent"], "tests");
    assert_eq!(first["type"], "Warning");
    assert_eq!(first["message"], "port 80 is taken");
    assert_eq!(first["firstTimestamp"], first["lastTimestamp"]);
    let time: jiff::Timestamp = first["lastTimestamp"].as_str().unwrap().parse().unwrap();
    assert!(jiff::Timestamp::now().duration_since(time).as_secs() < 60);

    recorder.report(report("port 80 is taken"));
    let counted = until(&events, |list| list.len() == 1 && list[0]["count"] == 2).await;
    assert_eq!(counted[0]["metadata"]["name"], first["metadata"]["name"]);
    assert_eq!(counted[0]["firstTimestamp"], first["firstTimestamp"]);

    let name = ObjectName::new("default", first["metadata"]["name"].as_str().unwrap());
    events.delete(&name, &Deletion::default()).await.unwrap();
    recorder.report(report("port 80 is taken"));
    until(&events, |list| list.len() == 1 && list[0]["count"] == 1).await;
    stop.cancel();
}
