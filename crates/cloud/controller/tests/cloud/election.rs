//! Several controllers, of which one works.

use http::StatusCode;
use kinglet_cloud::CloudState;
use serde_json::json;

use crate::cluster::{Cluster, LEASE};
use kinglet_test_support::api::Gate;

#[tokio::test]
async fn another_takes_over_when_the_leader_dies() {
    let cluster = Cluster::start();
    let gate = Gate::default();
    let first = cluster.cloud_through("a", cluster.through(&gate));
    first.reaches(|state| *state == CloudState::Leading).await;
    let second = cluster.cloud("b");
    second.reaches(|state| *state == CloudState::Standing).await;
    assert!(cluster.holder().await.starts_with("a_"));
    // It does not say goodbye.
    gate.close(StatusCode::SERVICE_UNAVAILABLE);
    first.task.abort();
    second.reaches(|state| *state == CloudState::Leading).await;
    assert!(cluster.holder().await.starts_with("b_"));
    cluster
        .register("n1", json!({"k3s.io/internal-ip": "10.0.0.1"}))
        .await;
    cluster.initialized("n1").await;
    let lease = cluster.get(LEASE).await.unwrap();
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
}

#[tokio::test]
async fn a_leader_that_ends_leaves_at_once() {
    let cluster = Cluster::start();
    let first = cluster.cloud("a");
    first.reaches(|state| *state == CloudState::Leading).await;
    let note = cluster
        .event("kube-system", "k3s-cloud-controller-manager", "LeaderElection")
        .await;
    assert!(
        note.starts_with("a_") && note.ends_with(" became leader"),
        "{note}"
    );
    first.stop.cancel();
    first.task.await.unwrap();
    assert_eq!(cluster.holder().await, "");
    let second = cluster.cloud("b");
    second.reaches(|state| *state == CloudState::Leading).await;
}
