//! An API server that refuses or is away.

use http::StatusCode;
use kinglet_cloud::CloudState;
use serde_json::json;

use crate::cluster::Cluster;
use kinglet_test_support::api::Gate;

async fn starts_later(code: StatusCode, told: &str) {
    let cluster = Cluster::start();
    let gate = Gate::default();
    gate.close(code);
    let cloud = cluster.cloud_through("a", cluster.through(&gate));
    cluster
        .register("n1", json!({"k3s.io/internal-ip": "10.0.0.1"}))
        .await;
    let waiting = cloud
        .reaches(|state| matches!(state, CloudState::Waiting(obstacles) if !obstacles.is_empty()))
        .await;
    let CloudState::Waiting(obstacles) = waiting else {
        panic!("{waiting:?}")
    };
    assert_eq!(obstacles.len(), 1, "{obstacles:?}");
    assert!(obstacles[0].contains(told), "{obstacles:?}");
    assert!(!cloud.task.is_finished());
    gate.open();
    cluster.initialized("n1").await;
}

#[tokio::test]
async fn permissions_may_come_late() {
    starts_later(
        StatusCode::FORBIDDEN,
        "not allowed: create selfsubjectaccessreviews",
    )
    .await;
}

#[tokio::test]
async fn the_server_may_come_late() {
    starts_later(StatusCode::SERVICE_UNAVAILABLE, "API server").await;
}

#[tokio::test]
async fn a_leader_that_is_refused_stops_and_comes_back() {
    let cluster = Cluster::start();
    let gate = Gate::default();
    let cloud = cluster.cloud_through("a", cluster.through(&gate));
    cloud.reaches(|state| *state == CloudState::Leading).await;
    gate.close(StatusCode::FORBIDDEN);
    cloud.reaches(|state| *state == CloudState::Standing).await;
    cluster
        .register("n1", json!({"k3s.io/internal-ip": "10.0.0.1"}))
        .await;
    gate.open();
    cluster.initialized("n1").await;
    cloud.reaches(|state| *state == CloudState::Leading).await;
    assert!(!cloud.task.is_finished());
}
