//! Agents that say what the controller writes.

use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;
use kinglet_cloud::agent::{self, AgentError, AgentSettings, Host};
use kinglet_kube::Reflectors;
use serde_json::{Value, json};

use crate::cluster::{Cluster, node_path};
use kinglet_test_support::api::Gate;

struct TestHost;

impl Host for TestHost {
    fn name(&self) -> String {
        "host-1".to_owned()
    }

    fn addresses(&self) -> Vec<IpAddr> {
        vec![IpAddr::from([10, 0, 0, 7])]
    }
}

fn settings() -> AgentSettings {
    AgentSettings {
        refresh: Duration::from_millis(100),
        ..AgentSettings::new(Some("n1".to_owned()), &TestHost)
    }
}

#[tokio::test]
async fn an_address_that_is_no_longer_set_leaves_the_node() {
    let cluster = Cluster::start();
    let _cloud = cluster.cloud("a");
    cluster.register("n1", json!({})).await;
    let mut settings = settings();
    settings.node_external_ips = vec![IpAddr::from([1, 2, 3, 4])];
    assert!(
        agent::annotate(cluster.client(), &settings, &TestHost)
            .await
            .unwrap()
    );
    assert!(
        !agent::annotate(cluster.client(), &settings, &TestHost)
            .await
            .unwrap()
    );
    let (internal, name) = ("InternalIP 10.0.0.7", "Hostname host-1");
    cluster
        .addresses("n1", &[internal, "ExternalIP 1.2.3.4", name])
        .await;
    settings.node_external_ips.clear();
    assert!(
        agent::annotate(cluster.client(), &settings, &TestHost)
            .await
            .unwrap()
    );
    cluster.addresses("n1", &[internal, name]).await;
}

#[tokio::test]
async fn an_agent_waits_for_server_and_node_and_keeps_what_it_says() {
    let cluster = Cluster::start();
    let _cloud = cluster.cloud("a");
    let gate = Gate::default();
    gate.close(StatusCode::FORBIDDEN);
    let reflectors = Reflectors::new(cluster.through(&gate), cluster.stop.clone());
    let agent = tokio::spawn(agent::run(reflectors, settings(), TestHost, cluster.stop.clone()));
    let missing = agent::annotate(cluster.client(), &settings(), &TestHost).await;
    assert!(matches!(missing, Err(AgentError::NotRegistered(name)) if name == "n1"));
    gate.open();
    cluster.register("n1", json!({})).await;
    cluster.initialized("n1").await;
    cluster
        .annotate("n1", json!({"k3s.io/internal-ip": Value::Null}))
        .await;
    let said = |node: &Value| node["metadata"]["annotations"]["k3s.io/internal-ip"] == "10.0.0.7";
    cluster.until(&node_path("n1"), said).await;
    assert!(!agent.is_finished());
    cluster.stop.cancel();
    agent.await.unwrap();
}

#[tokio::test]
async fn a_node_that_registers_again_is_annotated_at_once() {
    let cluster = Cluster::start();
    let _cloud = cluster.cloud("a");
    let settings = AgentSettings {
        // Longer than anybody waits.
        refresh: Duration::from_secs(3600),
        ..settings()
    };
    cluster.register("n1", json!({})).await;
    let reflectors = Reflectors::new(cluster.client().clone(), cluster.stop.clone());
    tokio::spawn(agent::run(reflectors, settings, TestHost, cluster.stop.clone()));
    cluster.initialized("n1").await;
    cluster.delete(&node_path("n1")).await;
    cluster.register("n1", json!({})).await;
    cluster.initialized("n1").await;
    cluster.stop.cancel();
}
