//! An API server with the controller, and what tests do to it.

use std::time::{Duration, Instant};

use http::{Method, Request};
use kinglet_apiserver::{ApiServer, Identity};
use kinglet_kube::{Client, Reflector};
use kinglet_servicelb::{Sources, run};
use kinglet_servicelb_plan::{ServiceLbSettings, names};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const MERGE: &str = "application/merge-patch+json";

pub(crate) struct Cluster {
    pub(crate) client: Client,
    running: Option<DropGuard>,
}

impl Cluster {
    /// A cluster with the controller.
    pub(crate) async fn start(settings: ServiceLbSettings) -> Self {
        let mut cluster = Self::without_controller();
        cluster.restart(settings);
        cluster
    }

    pub(crate) fn without_controller() -> Self {
        Self {
            client: embedded(),
            running: None,
        }
    }

    /// Ends the controller and starts another.
    pub(crate) fn restart(&mut self, settings: ServiceLbSettings) {
        let stop = CancellationToken::new();
        self.running = Some(stop.clone().drop_guard());
        let client = self.client.clone();
        let sources = Sources {
            services: Reflector::spawn(client.clone(), stop.clone()),
            slices: Reflector::spawn(client.clone(), stop.clone()),
        };
        tokio::spawn(async move { run(client, &sources, settings, stop).await });
    }

    pub(crate) fn stop(&mut self) {
        self.running = None;
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, "application/json", body)
            .await
            .unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.send(Method::PATCH, path, MERGE, body).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.send_delete(path, json!({})).await;
    }

    pub(crate) async fn send_delete(&self, path: &str, options: Value) {
        let mut body = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        for (field, value) in options.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        self.send(Method::DELETE, path, "application/json", body)
            .await
            .unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Option<Value> {
        self.send(Method::GET, path, "application/json", Value::Null)
            .await
            .ok()
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
        let answer =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
        if fine { Ok(answer) } else { Err(answer) }
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
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until an object is gone.
    pub(crate) async fn gone(&self, path: &str) {
        self.until(path, Value::is_null).await;
    }

    /// Waits for an Event about a Service, and answers its text.
    pub(crate) async fn event(&self, service: &str, reason: &str) -> String {
        let found = |list: &Value| {
            let events = list["items"].as_array().into_iter().flatten();
            let mut events =
                events.filter(|one| one["regarding"]["name"] == service && one["reason"] == reason);
            events.next().cloned()
        };
        let path = "/apis/events.k8s.io/v1/namespaces/default/events";
        let list = self.until(path, |list| found(list).is_some()).await;
        found(&list).unwrap_or_default()["note"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Creates a ready node with an agent and an address.
    pub(crate) async fn node(&self, name: &str, address: &str, labels: Value) {
        let annotations = json!({names::ANNOTATION_HOST_PORTS: "tcp:22"});
        let metadata = json!({"name": name, "labels": labels, "annotations": annotations});
        self.post("/api/v1/nodes", json!({"metadata": metadata})).await;
        self.node_status(name, address, true).await;
    }

    pub(crate) async fn node_status(&self, name: &str, address: &str, ready: bool) {
        let status = json!({"status": {
            "addresses": [{"type": "InternalIP", "address": address}],
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
        }});
        self.patch(&format!("/api/v1/nodes/{name}/status"), status).await;
    }

    /// Creates a Service of type LoadBalancer with TCP port 80 in the namespace `default`, with more fields
    /// of `spec`.
    pub(crate) async fn service(&self, name: &str, labels: Value, more: Value) -> String {
        let mut spec = json!({"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 80}]});
        for (field, value) in more.as_object().into_iter().flatten() {
            spec[field] = value.clone();
        }
        let service = json!({"metadata": {"name": name, "labels": labels}, "spec": spec});
        self.post("/api/v1/namespaces/default/services", service).await;
        format!("/api/v1/namespaces/default/services/{name}")
    }

    /// Waits until a Service has these addresses.
    pub(crate) async fn addresses(&self, service: &str, expected: &[&str]) -> Value {
        self.until(service, |service| addresses(service) == expected)
            .await
    }

    /// Waits until our condition has a reason.
    pub(crate) async fn reason(&self, service: &str, expected: &str) -> Value {
        self.until(service, |service| condition(service)["reason"] == expected)
            .await
    }
}

/// The published addresses of a Service.
pub(crate) fn addresses(service: &Value) -> Vec<String> {
    let ingress = service["status"]["loadBalancer"]["ingress"].as_array();
    let ips = ingress.into_iter().flatten().filter_map(|one| one["ip"].as_str());
    ips.map(str::to_owned).collect()
}

/// Our condition of a Service.
pub(crate) fn condition(service: &Value) -> Value {
    let conditions = service["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let ours = conditions.find(|one| one["type"] == names::CONDITION);
    ours.cloned().unwrap_or_default()
}

pub(crate) fn finalizers(service: &Value) -> Vec<String> {
    let finalizers = service["metadata"]["finalizers"].as_array().into_iter().flatten();
    finalizers
        .map(|one| one.as_str().unwrap_or_default().to_owned())
        .collect()
}

fn embedded() -> Client {
    let server = ApiServer::open(kinglet_apiserver::Settings::default()).unwrap();
    kinglet_kube::in_process(move |mut request: Request<_>| {
        request.extensions_mut().insert(Identity::admin());
        let server = server.clone();
        async move { server.handle(request).await }
    })
}
