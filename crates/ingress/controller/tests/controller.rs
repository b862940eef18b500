//! The controller beside an API server: what it watches, serves, writes and reports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kinglet_ingress_controller::{COMPONENT, IngressController, KINDS, Outputs, ProblemMetrics};
use kinglet_ingress_proxy::ProxySnapshot;
use kinglet_kube::{Client, Collection, Recorder, Reflectors, Resource};
use kinglet_model::{Ingress, LoadBalancerIngress, Meta, Object, ObjectName, Secret};
use kinglet_telemetry::{Readiness, Registry};
use kinglet_test_support::api::Server;
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

/// Runs a controller; the readiness has its gate.
fn start(client: &Client, stop: &CancellationToken) -> (Reflectors, Readiness, Registry) {
    let (readiness, mut registry) = (Readiness::default(), Registry::default());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let controller = IngressController::new(Outputs {
        snapshot: ProxySnapshot::shared(provider),
        recorder: Recorder::spawn(client.clone(), COMPONENT, "here".to_owned(), stop.clone()),
        metrics: ProblemMetrics::register(&mut registry),
        published: vec![LoadBalancerIngress {
            ip: Some("192.0.2.1".into()),
            ..LoadBalancerIngress::default()
        }],
        gate: readiness.gate("ingress"),
    });
    let reflectors = Reflectors::new(client.clone(), stop.clone());
    let (task, stop) = (reflectors.clone(), stop.clone());
    tokio::spawn(async move { stop.run_until_cancelled(controller.run(&task)).await });
    (reflectors, readiness, registry)
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
