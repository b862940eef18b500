//! The controller beside an API server: what it watches, serves, writes and reports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kinglet_ingress_controller::{COMPONENT, IngressController, KINDS, Outputs, ProblemMetrics, Publication};
use kinglet_ingress_proxy::ProxySnapshot;
use kinglet_kube::{Client, Collection, Election, Recorder, Reflectors, Resource};
use kinglet_model::{Ingress, LoadBalancerIngress, Meta, Object, ObjectName, Secret};
use kinglet_telemetry::{Readiness, Registry};
use kinglet_test_support::api::{Api, Server, Writes};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long anything may take before the test fails.
const DEADLINE: Duration = Duration::from_secs(10);

/// An Event of core/v1.
struct Event(Meta);

impl Object for Event {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Event";
    const PLURAL: &'static str = "events";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.0
    }
}

impl<'de> serde::Deserialize<'de> for Event {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Meta::deserialize(deserializer).map(Self)
    }
}

fn collection<K: Object>(client: &Client) -> Collection {
    Collection::new(client.clone(), Resource::of::<K>())
}

/// Runs the only controller, whose address is 192.0.2.1; the readiness has its gate.
fn start(client: &Client, stop: &CancellationToken) -> (Reflectors, Readiness, Registry) {
    start_as(client, "192.0.2.1", None, stop)
}

fn start_as(
    client: &Client,
    own: &str,
    election: Option<Election>,
    stop: &CancellationToken,
) -> (Reflectors, Readiness, Registry) {
    let (readiness, mut registry) = (Readiness::default(), Registry::default());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let own = LoadBalancerIngress {
        ip: Some(own.into()),
        ..LoadBalancerIngress::default()
    };
    let controller = IngressController::new(Outputs {
        snapshot: ProxySnapshot::shared(provider),
        recorder: Recorder::spawn(client.clone(), COMPONENT, "here".to_owned(), stop.clone()),
        metrics: ProblemMetrics::register(&mut registry),
        publication: Publication {
            service: None,
            own: vec![own],
        },
        election,
        gate: readiness.gate("ingress"),
    });
    let reflectors = Reflectors::new(client.clone(), stop.clone());
    let (task, stop) = (reflectors.clone(), stop.clone());
    tokio::spawn(async move { controller.run(&task, &stop).await });
    (reflectors, readiness, registry)
}

/// One of several controllers.
fn candidate(name: &str) -> Option<Election> {
    let mut election = Election::new(ObjectName::new("kube-system", COMPONENT), name);
    election.retry = Duration::from_millis(20);
    Some(election)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_gets_its_address_and_is_told_of_a_broken_certificate() {
    let (client, stop) = (Server::start().client(), CancellationToken::new());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "broken", "namespace": "default"},
        "type": "kubernetes.io/tls", "data": {"tls.crt": "bm9uc2Vuc2U=", "tls.key": "bm9uc2Vuc2U="},
    });
    collection::<Secret>(&client)
        .create("default", &secret)
        .await
        .unwrap();
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"tls": [{"secretName": "broken"}], "rules": [{"host": "a.example.com"}]},
    });
    let ingresses = collection::<Ingress>(&client);
    ingresses.create("default", &ingress).await.unwrap();

    let (reflectors, readiness, registry) = start(&client, &stop);
    timeout(DEADLINE, readiness.ready())
        .await
        .expect("it is not ready");
    let declared: BTreeSet<_> = KINDS.iter().copied().collect();
    assert_eq!(reflectors.kinds(), declared, "it watches what it declares");

    let name = ObjectName::new("default", "web");
    let addressed = async {
        loop {
            let ingress: Value = ingresses.get(&name).await.unwrap();
            let addresses = &ingress["status"]["loadBalancer"]["ingress"];
            if addresses == &json!([{"ip": "192.0.2.1"}]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, addressed).await.expect("no status was written");

    let events = collection::<Event>(&client);
    let told = async {
        loop {
            let list: Vec<Value> = events.list("default").await.unwrap();
            if let Some(event) = list
                .into_iter()
                .find(|event| event["reason"] == "InvalidCertificate")
            {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let event = timeout(DEADLINE, told).await.expect("no Event was written");
    assert_eq!(event["involvedObject"]["name"], "web");
    let text = "spec.tls[0].secretName: Secret default/broken: tls.key holds no PEM private key (PKCS#8, PKCS#1 \
                and SEC 1 are accepted); the default certificate is presented";
    assert_eq!(event["message"], text);
    let mut metrics = String::new();
    prometheus_client::encoding::text::encode(&mut metrics, &registry).unwrap();
    assert!(
        metrics.contains("kinglet_ingress_problems{reason=\"InvalidCertificate\"} 1\n"),
        "{metrics}"
    );
    stop.cancel();
}

const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
const SERVICES: &str = "/api/v1/namespaces/kube-system/services";

/// An Ingress whose only Service does not exist.
async fn create(api: &Api, name: &str) {
    let backend = json!({"service": {"name": "missing", "port": {"number": 80}}});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name},
        "spec": {"defaultBackend": backend},
    });
    api.post(INGRESSES, ingress).await;
}

async fn has_address(api: &Api, name: &str, ip: &str) {
    let path = format!("{INGRESSES}/{name}");
    api.until(&path, |ingress| {
        ingress["status"]["loadBalancer"]["ingress"] == json!([{ "ip": ip }])
    })
    .await;
}

async fn is_told(api: &Api, name: &str) {
    api.event("default", name, "ServiceNotFound").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_controllers_one_writes_each_status_once() {
    let (server, writes) = (Server::start(), Writes::default());
    let (api, client) = (server.api(), writes.of(server.client()));
    let (first, second) = (CancellationToken::new(), CancellationToken::new());
    let (_, leader, _) = start_as(&client, "192.0.2.1", candidate("a"), &first);
    create(&api, "one").await;
    has_address(&api, "one", "192.0.2.1").await;
    is_told(&api, "one").await;
    let (_, follower, _) = start_as(&client, "192.0.2.2", candidate("b"), &second);
    for readiness in [leader, follower] {
        timeout(DEADLINE, readiness.ready())
            .await
            .expect("it is not ready");
    }
    // Each of these is a round that both controllers have seen: if they fought, they would in between.
    for name in ["two", "three", "four"] {
        create(&api, name).await;
        has_address(&api, name, "192.0.2.1").await;
        is_told(&api, name).await;
    }
    let statuses = || writes.matching(|write| write.contains("/ingresses/")).len();
    let events = || writes.matching(|write| write.starts_with("POST") && write.contains("/default/events"));
    assert_eq!((statuses(), events().len()), (4, 4), "{:?}", events());

    // The other takes over, and what it has to say is its own address.
    first.cancel();
    for name in ["one", "two", "three", "four"] {
        has_address(&api, name, "192.0.2.2").await;
    }
    assert_eq!(statuses(), 8);
    second.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_those_of_the_service_in_front() {
    let (server, stop) = (Server::start(), CancellationToken::new());
    let (api, client) = (server.api(), server.client());
    start(&client, &stop);
    create(&api, "web").await;
    has_address(&api, "web", "192.0.2.1").await;

    let ports = json!([{"port": 80}]);
    let traefik = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "traefik"},
        "spec": {"type": "LoadBalancer", "ports": ports},
    });
    api.post(SERVICES, traefik).await;
    let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}});
    api.patch(&format!("{SERVICES}/traefik/status"), status).await;
    has_address(&api, "web", "198.51.100.7").await;

    // A Service that is reached by the nodes is followed through them.
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
        "status": {"addresses": [{"type": "ExternalIP", "address": "203.0.113.9"}]},
    });
    api.patch(
        &format!("{SERVICES}/traefik"),
        json!({"spec": {"type": "NodePort"}}),
    )
    .await;
    api.post("/api/v1/nodes", node).await;
    has_address(&api, "web", "203.0.113.9").await;

    api.delete(&format!("{SERVICES}/traefik")).await;
    has_address(&api, "web", "192.0.2.1").await;
    stop.cancel();
}
