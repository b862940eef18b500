//! An API server with controllers, and a namespace of its own for each test.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{Method, Request};
use kinglet_apiserver::{ApiServer, Identity, Settings};
use kinglet_kube::Client;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Cluster {
    pub(crate) client: Client,
    /// The test's namespace.
    pub(crate) namespace: String,
    pub(crate) stop: CancellationToken,
    _guard: DropGuard,
}

impl Cluster {
    /// A cluster with running, synced controllers.
    pub(crate) async fn start(test: &str) -> Self {
        let client = match std::env::var_os("KINGLET_REAL_KUBECONFIG") {
            Some(path) => kinglet_kube::connect(Some(path.as_ref())).await.unwrap(),
            None => embedded(),
        };
        let stop = CancellationToken::new();
        let unique = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let cluster = Self {
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
        let settings = kinglet_controllers::Settings::default();
        let synced = kinglet_controllers::spawn(&self.client, &settings, &self.stop);
        tokio::time::timeout(PATIENCE, synced)
            .await
            .expect("controllers are synced in time");
    }

    /// Path of the objects of a kind of the group `apps` in the test's namespace.
    pub(crate) fn apps(&self, plural: &str) -> String {
        format!("/apis/apps/v1/namespaces/{}/{plural}", self.namespace)
    }

    /// Waits for an Event about an object, and answers its text.
    pub(crate) async fn event(&self, object: &str, reason: &str) -> String {
        let path = self.core("events");
        let found = |list: &Value| {
            let events = list["items"].as_array().into_iter().flatten();
            let mut events =
                events.filter(|one| one["involvedObject"]["name"] == object && one["reason"] == reason);
            events.next().cloned()
        };
        let list = self.until(&path, |list| found(list).is_some()).await;
        let event = found(&list).unwrap_or_default();
        event["message"].as_str().unwrap_or_default().to_owned()
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

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, "application/json", body)
            .await
            .unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.send(Method::PATCH, path, "application/merge-patch+json", body)
            .await
            .unwrap()
    }

    pub(crate) async fn delete(&self, path: &str, options: Value) -> Value {
        self.send(Method::DELETE, path, "application/json", options)
            .await
            .unwrap()
    }

    /// The object, or nothing.
    pub(crate) async fn get(&self, path: &str) -> Option<Value> {
        self.send(Method::GET, path, "application/json", Value::Null)
            .await
            .ok()
    }

    pub(crate) async fn items(&self, path: &str) -> Vec<Value> {
        let list = self.get(path).await.expect(path);
        list["items"].as_array().cloned().unwrap_or_default()
    }

    async fn send(&self, method: Method, path: &str, content: &str, body: Value) -> Result<Value, Value> {
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(&body).unwrap()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", content);
        let response = self
            .client
            .send(request.body(body.into()).unwrap())
            .await
            .unwrap();
        let fine = response.status().is_success();
        let bytes = response.into_body().collect_bytes().await.unwrap();
        // An unknown path is answered by a text.
        let answer =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
        if fine { Ok(answer) } else { Err(answer) }
    }

    /// The `Status` with which a request is refused.
    pub(crate) async fn refused(&self, method: Method, path: &str, content: &str, body: Value) -> Value {
        self.send(method, path, content, body).await.unwrap_err()
    }

    /// Waits until the answer of a path fulfils a condition, and answers it.
    pub(crate) async fn until(&self, path: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.get(path).await.unwrap_or_default();
            if condition(&now) {
                return now;
            }
            assert!(Instant::now() < deadline, "{path} stays at {now:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until an object is gone.
    pub(crate) async fn gone(&self, path: &str) {
        self.until(path, Value::is_null).await;
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

fn embedded() -> Client {
    let server = ApiServer::open(Settings::default()).unwrap();
    kinglet_kube::in_process(move |mut request: Request<_>| {
        request.extensions_mut().insert(Identity::admin());
        let server = server.clone();
        async move { server.handle(request).await }
    })
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
