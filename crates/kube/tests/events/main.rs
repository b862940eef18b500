//! Events on an API server: what repeats is counted, and tools that sort by time find its time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write;
use std::sync::{Arc, Mutex};
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
    report_in("default", note)
}

fn report_in(namespace: &str, note: &str) -> Report {
    Report {
        regarding: ObjectReference {
            api_version: "v1".to_owned(),
            kind: "Service".to_owned(),
            name: ObjectName::new(namespace, "web"),
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

/// What this thread logs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_namespace_that_is_deleted_is_no_trouble() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(move || writer.clone())
        .finish();
    // The recorder's task runs on this thread, too.
    let _default = tracing::subscriber::set_default(subscriber);
    let (server, stop) = (Server::start(), CancellationToken::new());
    let (api, client) = (server.api(), server.client());
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "going"}});
    api.post("/api/v1/namespaces", namespace).await;
    // Nobody finalizes it here: it stays as long as the test.
    api.delete("/api/v1/namespaces/going").await;

    let recorder = Recorder::spawn(client.clone(), "tests", "host".to_owned(), stop.clone());
    for namespace in ["going", "gone", "default"] {
        recorder.report(report_in(namespace, "port 80 is taken"));
    }
    let events = Collection::new(client, Resource::of::<Event>());
    until(&events, |list| list.len() == 1).await;
    assert_eq!(String::from_utf8_lossy(&log.0.lock().unwrap()), "");
    stop.cancel();
}
