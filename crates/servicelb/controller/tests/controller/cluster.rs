//! An API server with the controller, and what tests do to it.

use std::ops::Deref;

use kinglet_kube::Reflectors;
use kinglet_servicelb::run;
use kinglet_servicelb_plan::{ServiceLbSettings, names};
use kinglet_test_support::api::{Api, Server};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) struct Cluster {
    api: Api,
    running: Option<DropGuard>,
    /// What the running controller watches.
    pub(crate) watched: Option<Reflectors>,
}

impl Deref for Cluster {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
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
            api: Server::start().api(),
            running: None,
            watched: None,
        }
    }

    /// Ends the controller and starts another.
    pub(crate) fn restart(&mut self, settings: ServiceLbSettings) {
        let stop = CancellationToken::new();
        self.running = Some(stop.clone().drop_guard());
        let reflectors = Reflectors::new(self.client().clone(), stop.clone());
        self.watched = Some(reflectors.clone());
        tokio::spawn(async move { run(&reflectors, settings, stop).await });
    }

    pub(crate) fn stop(&mut self) {
        self.running = None;
    }

    /// Waits for an Event about a Service, and answers its text.
    pub(crate) async fn event(&self, service: &str, reason: &str) -> String {
        self.api.event("default", service, reason).await
    }

    /// Creates a ready node with an address, and an agent whose kernel has all rules.
    pub(crate) async fn node(&self, name: &str, address: &str, labels: Value) {
        let annotations = json!({names::ANNOTATION_HOST_PORTS: "tcp:22", names::ANNOTATION_SERVING: "true"});
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
