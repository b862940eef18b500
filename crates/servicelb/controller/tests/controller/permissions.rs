//! What DaemonSets need, and who must be allowed to create it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kinglet_kube::Reflectors;
use kinglet_servicelb::run;
use kinglet_servicelb_plan::{Mode, ServiceLbSettings};
use kinglet_test_support::api::Server;
use serde_json::json;
use tokio_util::sync::CancellationToken;

const NAMESPACES: &str = "/api/v1/namespaces";
const SETS: &str = "/apis/apps/v1/namespaces/svclb/daemonsets";
const SERVICES: usize = 5;

/// A controller that may create no namespaces; answers how often it asked.
fn start(server: &Server, stop: &CancellationToken) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let (client, count) = (server.client(), asked.clone());
    let client = kinglet_kube::in_process(move |mut request| {
        if *request.method() == "POST" && request.uri().path() == NAMESPACES {
            count.fetch_add(1, Ordering::SeqCst);
            // An error of the server stands for a refusal.
            *request.uri_mut() = "/apis/none".parse().unwrap();
        }
        let client = client.clone();
        async move { client.send(request).await.unwrap() }
    });
    let settings = ServiceLbSettings {
        namespace: "svclb".to_owned(),
        mode: Mode::DaemonSet,
        ..ServiceLbSettings::default()
    };
    let (reflectors, stop) = (Reflectors::new(client, stop.clone()), stop.clone());
    tokio::spawn(async move { run(&reflectors, settings, stop).await });
    asked
}

async fn post_services(server: &Server) {
    for number in 0..SERVICES {
        let spec = json!({"type": "LoadBalancer", "ports": [{"port": 80 + number}]});
        let service = json!({"metadata": {"name": format!("web-{number}")}, "spec": spec});
        let path = "/api/v1/namespaces/default/services";
        server.api().post(path, service).await;
    }
}

#[tokio::test]
async fn a_namespace_that_is_there_is_not_created() {
    let (server, stop) = (Server::start(), CancellationToken::new());
    let api = server.api();
    api.post(NAMESPACES, json!({"metadata": {"name": "svclb"}})).await;
    post_services(&server).await;
    let asked = start(&server, &stop);
    let all = |list: &serde_json::Value| list["items"].as_array().is_some_and(|all| all.len() == SERVICES);
    api.until(SETS, all).await;
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    stop.cancel();
}

#[tokio::test]
async fn all_services_wait_for_a_namespace_as_one() {
    let (server, stop) = (Server::start(), CancellationToken::new());
    let api = server.api();
    post_services(&server).await;
    let asked = start(&server, &stop);
    for number in 0..SERVICES {
        api.event("default", &format!("web-{number}"), "SyncLoadBalancerFailed")
            .await;
    }
    api.post(NAMESPACES, json!({"metadata": {"name": "svclb"}})).await;
    let all = |list: &serde_json::Value| list["items"].as_array().is_some_and(|all| all.len() == SERVICES);
    api.until(SETS, all).await;
    // Pauses double: each on its own, they would have asked several times as often.
    let asked = asked.load(Ordering::SeqCst);
    assert!((1..=2 * SERVICES).contains(&asked), "{asked}");
    stop.cancel();
}
