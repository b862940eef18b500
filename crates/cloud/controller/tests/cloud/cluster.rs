//! An API server with cloud controllers, reached through a gate that tests can close.

use std::ops::Deref;
use std::time::Duration;

use kinglet_cloud::{CloudController, CloudSettings, CloudState};
use kinglet_kube::{Client, Reflectors};
use kinglet_test_support::api::{Api, Gate, Server};
use kinglet_test_support::patience;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) struct Cluster {
    server: Server,
    api: Api,
    pub(crate) stop: CancellationToken,
    _guard: DropGuard,
}

impl Deref for Cluster {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let server = Server::start();
        let stop = CancellationToken::new();
        Self {
            api: server.api(),
            server,
            _guard: stop.clone().drop_guard(),
            stop,
        }
    }

    /// A client whose requests pass a gate.
    pub(crate) fn through(&self, gate: &Gate) -> Client {
        self.server.client_through(gate)
    }

    /// Starts a cloud controller with fast settings.
    pub(crate) fn cloud(&self, host: &str) -> Running {
        self.cloud_through(host, self.client().clone())
    }

    pub(crate) fn cloud_through(&self, host: &str, client: Client) -> Running {
        let controller = CloudController::new(settings(host));
        let stop = self.stop.child_token();
        let reflectors = Reflectors::new(client, stop.clone());
        let task = tokio::spawn(controller.run(reflectors.clone(), stop.clone()));
        Running {
            controller,
            watched: reflectors,
            stop,
            task,
        }
    }

    /// Registers a node as a kubelet with an external cloud provider does.
    pub(crate) async fn register(&self, name: &str, annotations: Value) {
        self.create(name, annotations, json!({"taints": [
            {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"},
            {"key": "example.com/other", "effect": "NoExecute"},
        ]}))
        .await;
    }

    pub(crate) async fn create(&self, name: &str, annotations: Value, spec: Value) {
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "annotations": annotations, "labels": {"kubernetes.io/hostname": name}},
            "spec": spec,
        });
        self.post("/api/v1/nodes", node).await;
    }

    pub(crate) async fn annotate(&self, name: &str, annotations: Value) {
        let patch = json!({"metadata": {"annotations": annotations}});
        self.patch(&node_path(name), patch).await;
    }

    /// Waits until a node has exactly these addresses, each as `type address`.
    pub(crate) async fn addresses(&self, name: &str, expected: &[&str]) -> Value {
        self.until(&node_path(name), |node| addresses(node) == expected)
            .await
    }

    /// Waits until a node is initialized.
    pub(crate) async fn initialized(&self, name: &str) -> Value {
        self.until(&node_path(name), |node| !node.is_null() && !is_tainted(node))
            .await
    }

    pub(crate) async fn holder(&self) -> String {
        let lease = self.get(LEASE).await.unwrap_or_default();
        lease["spec"]["holderIdentity"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

pub(crate) const LEASE: &str =
    "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/k3s-cloud-controller-manager";

/// A running cloud controller.
pub(crate) struct Running {
    pub(crate) controller: CloudController,
    pub(crate) watched: Reflectors,
    pub(crate) stop: CancellationToken,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Waits for a state.
    pub(crate) async fn reaches(&self, wanted: impl Fn(&CloudState) -> bool) -> CloudState {
        let mut state = self.controller.state();
        let reached = tokio::time::timeout(patience(), state.wait_for(|state| wanted(state))).await;
        reached.expect("the state is reached in time").unwrap().clone()
    }
}

fn settings(host: &str) -> CloudSettings {
    let mut settings = CloudSettings::new(host);
    settings.refresh = Duration::from_millis(500);
    settings.patience = Duration::from_millis(300);
    settings.election.duration = Duration::from_secs(2);
    settings.election.renew_deadline = Duration::from_millis(1200);
    settings.election.retry = Duration::from_millis(100);
    settings
}

pub(crate) fn node_path(name: &str) -> String {
    format!("/api/v1/nodes/{name}")
}

/// `type address` of each.
pub(crate) fn addresses(node: &Value) -> Vec<String> {
    let all = node["status"]["addresses"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|one| format!("{} {}", text(&one["type"]), text(&one["address"])))
        .collect()
}

pub(crate) fn is_tainted(node: &Value) -> bool {
    let taints = node["spec"]["taints"].as_array();
    taints.is_some_and(|all| {
        all.iter()
            .any(|taint| taint["key"] == "node.cloudprovider.kubernetes.io/uninitialized")
    })
}
