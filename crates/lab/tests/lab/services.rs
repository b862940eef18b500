//! Services inside the lab: ClusterIPs, NodePorts, and a Deployment that rolls without a failed request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kinglet_lab::{Builder, Family, Lab, PodNetwork, Target, Verdict};
use serde_json::{Value, json};

use crate::support;

fn deployment(image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "guestbook", "namespace": "default"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "guestbook"}},
            "template": {
                "metadata": {"labels": {"app": "guestbook"}},
                "spec": {
                    "terminationGracePeriodSeconds": 10,
                    "containers": [{
                        "name": "web", "image": image,
                        "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
                        "readinessProbe": {"httpGet": {"port": 80}, "periodSeconds": 1},
                    }],
                },
            },
        },
    })
}

fn service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "guestbook", "namespace": "default"},
        "spec": {
            "type": "NodePort",
            "ipFamilyPolicy": "PreferDualStack",
            "selector": {"app": "guestbook"},
            "ports": [
                {"name": "http", "port": 8080, "targetPort": 80, "nodePort": 30080},
                {"name": "udp", "port": 53, "protocol": "UDP", "nodePort": 30053},
            ],
        },
    })
}

/// Waits until all replicas are of the image and ready.
async fn rolled_out(lab: &Lab) {
    support::object(
        lab,
        "/apis/apps/v1/namespaces/default/deployments/guestbook",
        |deployment| {
            let status = &deployment["status"];
            let generation = deployment["metadata"]["generation"].as_i64();
            status["observedGeneration"].as_i64() >= generation
                && ["replicas", "updatedReplicas", "availableReplicas"]
                    .iter()
                    .all(|field| status[field] == 3)
        },
    )
    .await;
}

async fn cluster_ips(lab: &Lab) -> Vec<String> {
    let service = support::object(lab, "/api/v1/namespaces/default/services/guestbook", |_| true).await;
    let addresses = service["spec"]["clusterIPs"].as_array().unwrap();
    addresses
        .iter()
        .map(|address| address.as_str().unwrap().to_owned())
        .collect()
}

async fn services_answer(network: PodNetwork, families: &[Family]) {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new()
        .nodes(2)
        .pod_network(network)
        .families(families)
        .start()
        .await
        .unwrap();
    lab.apply(&deployment("kinglet/echo:1")).await.unwrap();
    lab.apply(&service()).await.unwrap();
    lab.apply(&support::pod("other", "node-2")).await.unwrap();
    rolled_out(&lab).await;
    support::ready(&lab, "other").await;
    let addresses = cluster_ips(&lab).await;
    assert_eq!(addresses.len(), families.len());
    for address in &addresses {
        for target in [Target::tcp(address, 8080), Target::udp(address, 53)] {
            for from in ["default/other", "node:node-1", "node:node-2"] {
                support::open(&lab, from, &target).await;
            }
        }
    }
    for node in ["node-1", "node-2"] {
        for address in lab.node_addresses(node).unwrap() {
            for target in [Target::tcp(address, 30080), Target::udp(address, 30053)] {
                support::open(&lab, "client", &target).await;
            }
        }
    }
    // A port that the Service does not have, and a Service without endpoints.
    let closed = lab
        .probe("default/other", &Target::tcp(&addresses[0], 9))
        .await
        .unwrap();
    assert_eq!(closed.result, Verdict::Refused);
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_ips_and_node_ports_of_bridged_dual_stack_pods() {
    services_answer(PodNetwork::Bridge, &[Family::V4, Family::V6]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_ips_and_node_ports_of_routed_ipv6_pods() {
    services_answer(PodNetwork::Routed, &[Family::V6]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_rolls_without_a_failed_request() {
    if !support::is_possible() {
        return;
    }
    let lab = Arc::new(Builder::new().nodes(2).start().await.unwrap());
    lab.apply(&deployment("guestbook:1")).await.unwrap();
    lab.apply(&service()).await.unwrap();
    lab.apply(&support::pod("visitor", "node-1")).await.unwrap();
    rolled_out(&lab).await;
    support::ready(&lab, "visitor").await;
    let address = cluster_ips(&lab).await.remove(0);
    let inside = Target::tcp(address, 8080);
    let outside = Target::tcp(lab.node_addresses("node-2").unwrap()[0], 30080);
    support::open(&lab, "default/visitor", &inside).await;
    support::open(&lab, "client", &outside).await;

    let done = Arc::new(AtomicBool::new(false));
    let visitors = [("default/visitor", inside), ("client", outside)]
        .map(|(from, target)| tokio::task::spawn_blocking(visit(lab.clone(), from, target, done.clone())));
    lab.apply(&deployment("guestbook:2")).await.unwrap();
    rolled_out(&lab).await;
    // Until the last pod of the first version has gone.
    support::object(
        &lab,
        "/api/v1/namespaces/default/pods?labelSelector=app%3Dguestbook",
        |pods| pods["items"].as_array().unwrap().len() == 3,
    )
    .await;
    done.store(true, Ordering::Relaxed);
    for visitor in visitors {
        let (requests, last) = visitor.await.unwrap();
        assert!(requests > 10, "{requests}");
        assert_eq!(last.as_deref(), Some("guestbook:2"));
    }
    Arc::into_inner(lab).unwrap().end().await;
}

/// Asks again and again; fails with the first request that does.
fn visit(
    lab: Arc<Lab>,
    from: &'static str,
    target: Target,
    done: Arc<AtomicBool>,
) -> impl FnOnce() -> (usize, Option<String>) {
    move || {
        let place = lab.place(from).unwrap();
        let target = Target {
            timeout: Duration::from_secs(10),
            ..target
        };
        let (mut requests, mut last) = (0, None);
        while !done.load(Ordering::Relaxed) {
            let outcome = kinglet_lab::probe(&place, &target).unwrap();
            requests += 1;
            assert!(
                outcome.result == Verdict::Open && outcome.pod.is_some(),
                "request {requests} from {from}: {outcome:?}"
            );
            last = outcome.image;
        }
        (requests, last)
    }
}
