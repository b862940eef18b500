//! An API server with controllers, and a namespace of its own for each test.

use std::ops::Deref;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Method;
use kinglet_kube::Client;
use kinglet_test_support::api::{Api, Server};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The certificate that every namespace gets.
pub(crate) const AUTHORITY: &str = "a certificate";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Cluster {
    api: Api,
    pub(crate) client: Client,
    /// The test's namespace.
    pub(crate) namespace: String,
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
    /// A cluster with running, synced controllers.
    pub(crate) async fn start(test: &str) -> Self {
        let client = match std::env::var_os("KINGLET_REAL_KUBECONFIG") {
            Some(path) => kinglet_kube::connect(Some(path.as_ref())).await.unwrap(),
            None => Server::start().client(),
        };
        let stop = CancellationToken::new();
        let unique = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let cluster = Self {
            api: Api::new(client.clone()),
            client,
            namespace: format!("{test}-{unique}"),
            _guard: stop.clone().drop_guard(),
            stop,
        };
        cluster.run_controllers().await;
        cluster
            .post(
                "/api/v1/namespaces",
                json!({"metadata": {"name": cluster.namespace}}),
            )
            .await;
        cluster
    }

    /// Starts (more) controllers.
    pub(crate) async fn run_controllers(&self) {
        let settings = kinglet_controllers::ControllerSettings {
            authority: Some(AUTHORITY.into()),
            ..Default::default()
        };
        let synced = kinglet_controllers::spawn(&self.client, &settings, &self.stop);
        tokio::time::timeout(PATIENCE, synced)
            .await
            .expect("controllers are synced in time");
    }

    /// Path of the objects of a kind of the group `apps` in the test's namespace.
    pub(crate) fn apps(&self, plural: &str) -> String {
        format!("/apis/apps/v1/namespaces/{}/{plural}", self.namespace)
    }

    /// Waits for an Event about an object of the test's namespace, and answers its text.
    pub(crate) async fn event(&self, object: &str, reason: &str) -> String {
        self.api.event(&self.namespace, object, reason).await
    }

    /// Path of the objects of a core kind in the test's namespace.
    pub(crate) fn core(&self, plural: &str) -> String {
        format!("/api/v1/namespaces/{}/{plural}", self.namespace)
    }

    pub(crate) fn slices(&self, service: &str) -> String {
        let namespace = &self.namespace;
        format!(
            "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector=kubernetes.io/service-name%3D{service}"
        )
    }

    /// Deletes an object; `options` are sent as they are, `null` is no body.
    pub(crate) async fn delete(&self, path: &str, options: Value) -> Value {
        self.send(Method::DELETE, path, "application/json", options)
            .await
            .unwrap()
    }

    pub(crate) async fn config_map(&self, name: &str, owners: &[Value]) -> Value {
        let metadata = json!({"name": name, "ownerReferences": owners});
        self.post(&self.core("configmaps"), json!({"metadata": metadata}))
            .await
    }

    /// Creates a Pod on `node-1` and reports its status.
    pub(crate) async fn pod(&self, name: &str, ip: &str, ready: bool, spec: Value) {
        let mut pod = json!({
            "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {"nodeName": "node-1", "containers": [{
                "name": "main", "image": "none", "ports": [{"name": "http", "containerPort": 8080}],
            }]},
        });
        for (field, value) in spec.as_object().into_iter().flatten() {
            pod["spec"][field] = value.clone();
        }
        self.post(&self.core("pods"), pod).await;
        self.pod_status(name, ip, ready, "Running").await;
    }

    pub(crate) async fn pod_status(&self, name: &str, ip: &str, ready: bool, phase: &str) {
        let ready = if ready { "True" } else { "False" };
        let status = json!({"status": {
            "phase": phase,
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "conditions": [{"type": "Ready", "status": ready}],
        }});
        self.patch(&format!("{}/status", self.core(&format!("pods/{name}"))), status)
            .await;
    }
}

/// A reference to an owner, as `metadata.ownerReferences` holds it.
pub(crate) fn owned_by(owner: &Value, api_version: &str, kind: &str) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": true,
    })
}
