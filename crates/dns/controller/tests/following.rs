//! The controller against an API server that the test scripts.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use kinglet_dns_controller::{DnsController, KINDS};
use kinglet_dns_wire::{Name, QueryName, rtype};
use kinglet_dns_zone::{Lookup, Snapshot, ZoneBuilder, ZoneSettings};
use kinglet_kube::{Client, Reflectors};
use kinglet_telemetry::Readiness;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Nothing takes that long.
const DEADLINE: Duration = Duration::from_secs(20);

const NAMESPACES: &str = r#"{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "shop", "resourceVersion": "1"}}]}"#;
const SERVICES: &str = r#"{"metadata": {"resourceVersion": "1"}, "items": [{
    "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "1"},
    "spec": {"clusterIP": "10.43.0.9", "clusterIPs": ["10.43.0.9"]}}]}"#;
const EMPTY: &str = r#"{"metadata": {"resourceVersion": "1"}, "items": []}"#;

/// Lists Namespaces and Services at once, EndpointSlices when `slices` has a permit; watches bring nothing.
fn api(slices: &Arc<Semaphore>) -> Client {
    let slices = slices.clone();
    kinglet_kube::in_process(move |request| {
        let slices = slices.clone();
        async move {
            if request.uri().query().is_some_and(|query| query.contains("watch")) {
                std::future::pending::<()>().await;
            }
            let body = match request.uri().path().rsplit('/').next().unwrap_or_default() {
                "namespaces" => NAMESPACES,
                "services" => SERVICES,
                _ => {
                    slices.acquire().await.unwrap().forget();
                    EMPTY
                }
            };
            Response::new(Full::new(Bytes::from_static(body.as_bytes())))
        }
    })
}

/// What the snapshot says of a name's IPv4 address.
fn answer(snapshot: &ArcSwap<Snapshot>, name: &str) -> &'static str {
    let name = Name::parse(name).unwrap();
    match snapshot
        .load()
        .lookup(&QueryName::read(name.as_wire()).unwrap(), rtype::A)
    {
        Lookup::Answer(_) => "answer",
        Lookup::NameError(_) => "name error",
        Lookup::Unsynced(_) => "unsynced",
        _ => "something else",
    }
}

#[tokio::test]
async fn names_are_denied_only_when_all_kinds_are_known() {
    let slices = Arc::new(Semaphore::new(0));
    let reflectors = Reflectors::new(api(&slices), CancellationToken::new());
    let readiness = Readiness::default();
    let zone = ZoneBuilder::new(&ZoneSettings::default()).unwrap();
    let controller = DnsController::new(zone, readiness.gate("dns"));
    let snapshot = controller.snapshot();
    let watched = reflectors.clone();
    let running = tokio::spawn(async move { controller.run(&watched).await });

    let served = async {
        while answer(&snapshot, "web.shop.svc.cluster.local") != "answer" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, served).await.unwrap();
    assert_eq!(answer(&snapshot, "api.shop.svc.cluster.local"), "unsynced");
    assert!(!readiness.is_ready());

    slices.add_permits(1);
    tokio::time::timeout(DEADLINE, readiness.ready()).await.unwrap();
    assert_eq!(answer(&snapshot, "api.shop.svc.cluster.local"), "name error");
    assert_eq!(reflectors.kinds(), KINDS.iter().copied().collect::<BTreeSet<_>>());
    running.abort();
}
