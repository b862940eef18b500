//! Servers publish themselves as endpoints of the cluster DNS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::{Either, Full};
use kinglet_dns_controller::{PUBLISH_KINDS, PublishSettings, publish};
use kinglet_kube::{Client, Reflectors};
use kinglet_telemetry::Readiness;
use kinglet_test_support::api::{Api, Server, Writes};
use kinglet_test_support::patience;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const SERVICE: &str = "/api/v1/namespaces/kube-system/services/kube-dns";
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

/// A server that publishes itself.
struct Publishing {
    name: String,
    reflectors: Reflectors,
    readiness: Readiness,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Publishing {
    fn start(client: Client, settings: PublishSettings) -> Self {
        let (readiness, stop) = (Readiness::default(), CancellationToken::new());
        let reflectors = Reflectors::new(client, CancellationToken::new());
        let (watched, stopped) = (reflectors.clone(), stop.clone());
        let (gate, endpoint) = (readiness.gate("dns endpoint"), settings.endpoints[0]);
        let name = format!(
            "kube-dns-{}-{}",
            endpoint.ip().to_string().replace('.', "-"),
            endpoint.port()
        );
        let task = tokio::spawn(async move { publish(&watched, settings, gate, &stopped).await });
        Self {
            name,
            reflectors,
            readiness,
            stop,
            task,
        }
    }

    async fn ready(&self) {
        timeout(patience(), self.readiness.ready())
            .await
            .expect("it is not ready");
    }

    fn slice(&self) -> String {
        format!("{SLICES}/{}", self.name)
    }

    fn lease(&self) -> String {
        format!("{LEASES}/{}", self.name)
    }
}

fn settings(endpoint: &str) -> PublishSettings {
    let endpoint: SocketAddr = endpoint.parse().unwrap();
    PublishSettings::new(
        "10.43.0.10".parse().unwrap(),
        vec![endpoint],
        endpoint.to_string(),
    )
}

/// Of a server whose death is noticed soon.
fn short_lived(endpoint: &str) -> PublishSettings {
    PublishSettings {
        lifetime: Some(Duration::from_secs(1)),
        renewal: Duration::from_millis(200),
        ..settings(endpoint)
    }
}

fn has_endpoint(slice: &Value, ip: &str, port: u16) -> bool {
    slice["endpoints"][0]["addresses"] == json!([ip]) && slice["ports"][0]["port"] == port
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoint_of_a_dead_server_goes_and_that_of_another_stays() {
    let (server, api) = api();
    let first = Publishing::start(server.client(), short_lived("10.0.0.1:53"));
    let second = Publishing::start(server.client(), short_lived("10.0.0.2:1053"));
    first.ready().await;
    second.ready().await;
    api.until(&first.slice(), |slice| has_endpoint(slice, "10.0.0.1", 53))
        .await;
    api.until(&second.slice(), |slice| has_endpoint(slice, "10.0.0.2", 1053))
        .await;
    let service = api.get(SERVICE).await.unwrap();
    assert_eq!(service["spec"]["clusterIP"], "10.43.0.10");
    // Servers listen on different ports; the Service does not say on which.
    assert_eq!(service["spec"]["ports"][0]["targetPort"], "dns");
    let watched: BTreeSet<_> = PUBLISH_KINDS.iter().copied().collect();
    assert_eq!(first.reflectors.kinds(), watched);

    // It does not say goodbye.
    first.task.abort();
    api.gone(&first.slice()).await;
    api.gone(&first.lease()).await;
    assert!(has_endpoint(
        &api.get(&second.slice()).await.unwrap(),
        "10.0.0.2",
        1053
    ));

    // What others do to the slice of a living server is undone.
    api.delete(&second.slice()).await;
    api.until(&second.slice(), |slice| has_endpoint(slice, "10.0.0.2", 1053))
        .await;
    let away = json!({"endpoints": [{"addresses": ["192.0.2.66"]}]});
    api.patch(&second.slice(), away).await;
    api.until(&second.slice(), |slice| has_endpoint(slice, "10.0.0.2", 1053))
        .await;

    second.stop.cancel();
    timeout(patience(), second.task).await.unwrap().unwrap();
    assert_eq!(api.get(&format!("{SLICES}/{}", second.name)).await, None);
    assert_eq!(api.get(&format!("{LEASES}/{}", second.name)).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_at_rest_write_nothing_but_leases() {
    let (server, api) = api();
    let writes = Writes::default();
    let first = Publishing::start(writes.of(server.client()), settings("10.0.0.1:53"));
    first.ready().await;
    let second = Publishing::start(writes.of(server.client()), settings("10.0.0.2:1053"));
    second.ready().await;
    let written = || writes.matching(|write| !write.contains("/leases")).len();
    assert_eq!(written(), 3, "two slices and the Service: {writes:?}");

    // Each change below is seen by both, and concerns one.
    api.patch(SERVICE, json!({"metadata": {"labels": {"mine": "yes"}}}))
        .await;
    for publishing in [&first, &second, &first, &second] {
        let uid = |slice: &Value| slice["metadata"]["uid"].clone();
        let before = uid(&api.get(&publishing.slice()).await.unwrap());
        api.delete(&publishing.slice()).await;
        let path = publishing.slice();
        api.until(&path, |slice| !slice.is_null() && uid(slice) != before)
            .await;
    }
    assert_eq!(written(), 3 + 4, "{writes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_pods_serve_servers_withdraw() {
    let (server, api) = api();
    // As servers left it before each had a slice of its own.
    let old = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "kube-dns", "labels": {"kubernetes.io/service-name": "kube-dns"}},
        "endpoints": [{"addresses": ["10.0.0.9"]}], "ports": [],
    });
    api.post(SLICES, old).await;
    let publishing = Publishing::start(server.client(), settings("10.0.0.1:53"));
    publishing.ready().await;
    api.gone(&format!("{SLICES}/kube-dns")).await;
    api.until(&publishing.slice(), |slice| !slice.is_null()).await;

    api.patch(SERVICE, json!({"spec": {"selector": {"k8s-app": "kube-dns"}}}))
        .await;
    api.gone(&publishing.slice()).await;
    api.gone(&publishing.lease()).await;
    assert!(publishing.readiness.is_ready());

    api.patch(SERVICE, json!({"spec": {"selector": null}})).await;
    api.until(&publishing.slice(), |slice| has_endpoint(slice, "10.0.0.1", 53))
        .await;

    // A server that starts where Pods serve is ready, and leaves both objects alone.
    api.patch(SERVICE, json!({"spec": {"selector": {"k8s-app": "kube-dns"}}}))
        .await;
    api.gone(&publishing.slice()).await;
    let writes = Writes::default();
    let late = Publishing::start(writes.of(server.client()), settings("10.0.0.2:53"));
    late.ready().await;
    assert!(writes.matching(|_| true).is_empty(), "{writes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_published_is_not_ready_and_touches_no_service() {
    let (server, api) = api();
    let refuses = Arc::new(AtomicBool::new(true));
    let writes = Writes::default();
    let client = writes.of(refusing(server.client(), &refuses));
    let publishing = Publishing::start(client, short_lived("127.0.0.1:53"));
    let refused = || writes.matching(|write| write.contains("endpointslices")).len();
    while refused() < 3 {
        tokio::task::yield_now().await;
    }
    assert!(!publishing.readiness.is_ready());
    assert_eq!(api.get(SERVICE).await, None);
    let text = api.event("kube-system", "kube-dns", "EndpointNotPublished").await;
    for part in [
        "127.0.0.1:53",
        "may not be in the loopback range",
        "--advertise-address",
    ] {
        assert!(text.contains(part), "{text}");
    }

    refuses.store(false, Ordering::SeqCst);
    publishing.ready().await;
    assert!(api.get(SERVICE).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_an_endpoint_in_each_family_of_the_service() {
    let server = Server::dual_stack();
    let api = server.api();
    let both = PublishSettings {
        endpoints: ["10.0.0.1:53", "[fd00::1]:53"]
            .map(|one| one.parse().unwrap())
            .into(),
        ..short_lived("10.0.0.1:53")
    };
    let publishing = Publishing::start(server.client(), both);
    let other = format!("{SLICES}/kube-dns-fd00--1-53");
    publishing.ready().await;
    api.until(&publishing.slice(), |slice| has_endpoint(slice, "10.0.0.1", 53))
        .await;
    assert_eq!(api.get(&other).await, None, "the Service has one family");

    let families = json!({"spec": {"ipFamilyPolicy": "PreferDualStack", "clusterIPs": ["10.43.0.10", "fd43::10"],
        "ipFamilies": ["IPv4", "IPv6"]}});
    api.patch(SERVICE, families).await;
    let slice = api
        .until(&other, |slice| has_endpoint(slice, "fd00::1", 53))
        .await;
    assert_eq!(slice["addressType"], "IPv6");
    let family = json!({"spec": {"ipFamilyPolicy": "SingleStack", "clusterIPs": ["10.43.0.10"], "ipFamilies": ["IPv4"]}});
    api.patch(SERVICE, family).await;
    api.gone(&other).await;
    assert!(api.get(&publishing.slice()).await.is_some());

    publishing.stop.cancel();
    timeout(patience(), publishing.task).await.unwrap().unwrap();
    assert_eq!(api.items(SLICES).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_alone_needs_no_lease() {
    let (server, api) = api();
    let killed = Publishing::start(server.client(), settings("127.0.0.1:1"));
    killed.ready().await;
    killed.task.abort();
    let alone = PublishSettings {
        lifetime: None,
        ..settings("127.0.0.1:2")
    };
    let alone = Publishing::start(server.client(), alone);
    alone.ready().await;
    api.gone(&killed.slice()).await;
    assert!(api.get(&alone.slice()).await.is_some());
    assert_eq!(api.get(&alone.lease()).await, None);
}

fn api() -> (Server, Api) {
    let server = Server::start();
    let api = server.api();
    (server, api)
}

/// A client whose EndpointSlices are refused as a kube-apiserver refuses loopback addresses.
fn refusing(client: Client, refuses: &Arc<AtomicBool>) -> Client {
    let refuses = refuses.clone();
    kinglet_kube::in_process(move |request| {
        let is_refused = request.method() == Method::PATCH
            && request.uri().path().contains("endpointslices")
            && refuses.load(Ordering::SeqCst);
        let client = client.clone();
        async move {
            if !is_refused {
                return client.send(request).await.unwrap().map(Either::Left);
            }
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422, "reason": "Invalid",
                "message": "endpoints[0].addresses[0]: Invalid value: may not be in the loopback range",
            });
            let mut response = Response::new(Either::Right(Full::new(Bytes::from(status.to_string()))));
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            response
        }
    })
}
