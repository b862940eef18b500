//! A scripted API server answers lists and watches; the subscriber must see exactly the differences.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use kinglet_model::{ClusterNetworkPolicy, Namespace};
use tokio::sync::mpsc;

use super::*;

type Script = Arc<Mutex<VecDeque<(u16, String)>>>;

/// A body after whose text nothing comes, not even its end.
const SILENT: u16 = 299;

/// A client whose requests get the scripted answers in turn; afterwards requests hang.
fn scripted(script: &Script) -> Client {
    recorded(script, &Arc::default())
}

/// The same, and what was asked for.
fn recorded(script: &Script, paths: &Arc<Mutex<Vec<String>>>) -> Client {
    let (script, paths) = (script.clone(), paths.clone());
    crate::in_process(move |request: Request<kube::client::Body>| {
        paths.lock().unwrap().push(request.uri().path().to_owned());
        let next = script.lock().unwrap().pop_front();
        async move {
            let Some((code, body)) = next else {
                return std::future::pending().await;
            };
            let text = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from(body)))]);
            let body = if code == SILENT {
                BodyExt::boxed_unsync(StreamBody::new(text.chain(stream::pending())))
            } else {
                BodyExt::boxed_unsync(StreamBody::new(text))
            };
            Response::builder().status(code).body(body).unwrap()
        }
    })
}

fn namespace(name: &str, version: u32) -> String {
    format!(r#"{{"metadata":{{"name":"{name}","resourceVersion":"{version}"}}}}"#)
}

fn list(version: u32, items: &[String]) -> (u16, String) {
    (
        200,
        format!(
            r#"{{"metadata":{{"resourceVersion":"{version}"}},"items":[{}]}}"#,
            items.join(",")
        ),
    )
}

fn events(events: &[(&str, String)]) -> (u16, String) {
    (
        200,
        events
            .iter()
            .map(|(kind, object)| format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n"))
            .collect(),
    )
}

async fn deltas(script: Vec<(u16, String)>, count: usize) -> Vec<String> {
    let script: Script = Arc::new(Mutex::new(script.into()));
    let reflector = Reflector::<Namespace>::spawn(scripted(&script), CancellationToken::new());
    let mut notices = subscribe(&reflector);
    let mut seen = Vec::new();
    while seen.len() < count {
        seen.push(notices.recv().await.unwrap());
    }
    seen
}

/// What a subscriber is told, as text.
fn subscribe<K: Object>(reflector: &Reflector<K>) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    reflector.notify(move |notice| {
        let text = |change: Change<K>| match change {
            Change::Applied(object) => {
                format!("+{}@{}", object.meta().name, object.meta().resource_version)
            }
            Change::Deleted(object) => format!("-{}", object.meta().name),
        };
        let texts: Vec<String> = match notice {
            Notice::Changed(changes) => changes.into_iter().map(text).collect(),
            Notice::Synced => vec!["synced".to_owned()],
        };
        texts.into_iter().all(|text| sender.send(text).is_ok())
    });
    receiver
}

/// A policy is deleted after another one took its place: without both at once, neither would be there.
#[test]
fn what_a_list_finds_is_told_at_once() {
    let reflector = Reflector::<Namespace>::default();
    let named = |name: &str, version| serde_json::from_str(&namespace(name, version)).unwrap();
    reflector.take(Feed::Listed(vec![named("old", 1)]));
    let (sender, receiver) = std::sync::mpsc::channel();
    reflector.notify(move |notice| match notice {
        Notice::Changed(changes) => sender.send(changes.len()).is_ok(),
        Notice::Synced => true,
    });
    reflector.take(Feed::Listed(vec![named("new", 2), named("other", 3)]));
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn list_then_watch() {
    let script = vec![
        list(5, &[namespace("a", 1)]),
        events(&[
            ("ADDED", namespace("b", 6)),
            ("MODIFIED", namespace("a", 7)),
            ("DELETED", namespace("b", 8)),
        ]),
    ];
    assert_eq!(deltas(script, 5).await, ["+a@1", "synced", "+b@6", "+a@7", "-b"]);
}

#[tokio::test(start_paused = true)]
async fn an_expired_watch_lists_again_and_sends_only_differences() {
    let script = vec![
        list(5, &[namespace("a", 1), namespace("b", 2)]),
        events(&[("ERROR", r#"{"code":410,"message":"too old"}"#.to_owned())]),
        list(9, &[namespace("a", 1), namespace("c", 9)]),
    ];
    let mut seen = deltas(script, 5).await;
    seen[..2].sort();
    assert_eq!(seen, ["+a@1", "+b@2", "synced", "-b", "+c@9"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_falls_silent_is_opened_again() {
    let bookmark = r#"{"metadata":{"resourceVersion":"7"}}"#.to_owned();
    let (_, told) = events(&[("BOOKMARK", bookmark)]);
    for (text, silence) in [(told, 150), (String::new(), 320)] {
        let script = vec![
            list(5, &[namespace("a", 1)]),
            (SILENT, text),
            events(&[("ADDED", namespace("b", 9))]),
        ];
        let start = tokio::time::Instant::now();
        assert_eq!(deltas(script, 3).await, ["+a@1", "synced", "+b@9"]);
        let waited = start.elapsed();
        assert!(waited >= Duration::from_secs(silence), "{waited:?}");
        assert!(waited < Duration::from_secs(silence + 5), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_does_not_decode_hides_no_other() {
    let script = vec![list(
        5,
        &[r#"{"metadata":{"name":7}}"#.to_owned(), namespace("a", 1)],
    )];
    assert_eq!(deltas(script, 2).await, ["+a@1", "synced"]);
}

#[tokio::test(start_paused = true)]
async fn errors_are_retried_and_the_cache_stays() {
    let script = vec![
        (
            403,
            r#"{"kind":"Status","code":403,"message":"forbidden","reason":"Forbidden"}"#.to_owned(),
        ),
        list(5, &[namespace("a", 1)]),
        (500, "{}".to_owned()),
        events(&[("ADDED", namespace("b", 6))]),
    ];
    assert_eq!(deltas(script, 3).await, ["+a@1", "synced", "+b@6"]);
}

fn served(kinds: &[&str]) -> (u16, String) {
    let kinds: Vec<String> = kinds
        .iter()
        .map(|name| format!(r#"{{"name":"{name}"}}"#))
        .collect();
    (200, format!(r#"{{"resources":[{}]}}"#, kinds.join(",")))
}

const NOT_FOUND: &str = r#"{"kind":"Status","code":404,"message":"not found","reason":"NotFound"}"#;

#[tokio::test(start_paused = true)]
async fn an_optional_kind_comes_and_goes() {
    let absent = || (404, NOT_FOUND.to_owned());
    let script = vec![
        // Neither its group nor, later, the kind in it; then it comes.
        absent(),
        served(&["others"]),
        served(&["others", "namespaces"]),
        list(5, &[namespace("a", 1)]),
        // The watch cannot be opened again, but the kind is there; then it is not.
        absent(),
        served(&["namespaces"]),
        absent(),
        absent(),
        absent(),
        // It is there again.
        served(&["namespaces"]),
        list(9, &[namespace("b", 9)]),
    ];
    let script: Script = Arc::new(Mutex::new(script.into()));
    let reflector = Reflector::<Namespace>::spawn_optional(scripted(&script), CancellationToken::new());
    let mut notices = subscribe(&reflector);
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.push(notices.recv().await.unwrap());
    }
    // That the kind is absent is known, too.
    assert_eq!(seen, ["synced", "+a@1", "-a", "+b@9"]);
}

#[tokio::test(start_paused = true)]
async fn an_optional_kind_is_followed_in_the_newest_version_that_is_there() {
    let absent = || (404, NOT_FOUND.to_owned());
    let there = || served(&["clusternetworkpolicies"]);
    let policies = |version| list(version, &[namespace("a", version)]);
    let script = vec![
        // Only the older one.
        absent(),
        there(),
        policies(5),
        // The watch ends for good: now only the newer one is there. It is asked for again before the list.
        absent(),
        there(),
        there(),
        policies(6),
    ];
    let script: Script = Arc::new(Mutex::new(script.into()));
    let paths = Arc::new(Mutex::new(Vec::new()));
    let client = recorded(&script, &paths);
    let reflector = Reflector::<ClusterNetworkPolicy>::spawn_optional(client, CancellationToken::new());
    let mut notices = subscribe(&reflector);
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(notices.recv().await.unwrap());
    }
    assert_eq!(seen, ["+a@5", "synced", "+a@6"]);
    let group = "/apis/policy.networking.k8s.io";
    let lists = ["v1alpha2", "v1beta1"].map(|version| format!("{group}/{version}/clusternetworkpolicies"));
    let mut asked = paths.lock().unwrap().clone();
    asked.retain(|path| path.ends_with("policies"));
    // The list, the watch, the list.
    asked.dedup();
    assert_eq!(asked, lists);
}
