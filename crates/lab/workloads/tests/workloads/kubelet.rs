//! Nodes with a kubelet that runs nothing: Pods on them become Running and Ready, and end when they are
//! deleted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kinglet_kube::{Change, Client, Collection, Deletion, Inputs, Reflector, Resource};
use kinglet_model::{Meta, Object, ObjectName};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::cluster::Cluster;

/// Pods with this image never become ready.
pub(crate) const BROKEN: &str = "example.com/broken:1";
/// How often a node tells that it lives.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// A Pod with its status as it is.
#[derive(Deserialize)]
struct Pod {
    metadata: Meta,
    spec: Value,
    #[serde(default)]
    status: Value,
}

impl Object for Pod {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Pod";
    const PLURAL: &'static str = "pods";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

/// A node of a test. It falls silent when it is dropped.
pub(crate) struct Node {
    pub(crate) name: String,
    alive: Arc<AtomicBool>,
    _guard: DropGuard,
}

impl Node {
    /// Registers a node and starts its kubelet. The node has the label `test` with the test's namespace, and
    /// more labels; `spec` holds taints and the like.
    pub(crate) async fn start(cluster: &Cluster, name: &str, labels: Value, spec: Value) -> Self {
        let name = format!("{name}-{}", cluster.namespace);
        let mut labels = labels;
        labels["test"] = cluster.namespace.as_str().into();
        labels["kubernetes.io/hostname"] = name.as_str().into();
        let node = json!({"metadata": {"name": name, "labels": labels}, "spec": spec});
        cluster.post("/api/v1/nodes", node).await;
        let stop = cluster.stop.child_token();
        let alive = Arc::new(AtomicBool::new(true));
        let kubelet = Kubelet::new(&cluster.client, &name, alive.clone());
        kubelet.report_ready().await;
        let pods = Reflector::spawn(cluster.client.clone(), stop.clone());
        tokio::spawn(run(kubelet, pods, stop.clone()));
        Self {
            name,
            alive,
            _guard: stop.drop_guard(),
        }
    }

    /// Lets the node be silent, or speak again.
    pub(crate) fn set_alive(&self, alive: bool) {
        self.alive.store(alive, Ordering::Relaxed);
    }
}

/// Whether a Pod that could be ready is said not to be.
fn is_marked(pod: &Pod) -> bool {
    let conditions = pod.status["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    pod.spec["containers"][0]["image"] != BROKEN
        && conditions.any(|one| one["type"] == "Ready" && one["status"] == "False")
}

async fn run(kubelet: Kubelet, pods: Reflector<Pod>, stop: CancellationToken) {
    let mut changes = Inputs::new();
    changes.watch(&pods, |change| change);
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = heartbeat.tick() => kubelet.renew().await,
            changes = changes.next() => for pod in changes.into_iter().filter_map(Change::now) {
                kubelet.serve(&pod).await;
            },
        }
    }
}

struct Kubelet {
    nodes: Collection,
    leases: Collection,
    pods: Collection,
    node: String,
    alive: Arc<AtomicBool>,
}

#[derive(Deserialize)]
struct Lease {
    #[allow(dead_code)]
    metadata: Meta,
}

impl Object for Lease {
    const GROUP: &'static str = "coordination.k8s.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Lease";
    const PLURAL: &'static str = "leases";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl Kubelet {
    fn new(client: &Client, node: &str, alive: Arc<AtomicBool>) -> Self {
        let collection = |resource| Collection::new(client.clone(), resource);
        Self {
            nodes: collection(Resource {
                kind: "Node".into(),
                plural: "nodes".into(),
                namespaced: false,
                ..Resource::of::<Pod>()
            }),
            leases: collection(Resource::of::<Lease>()),
            pods: collection(Resource::of::<Pod>()),
            node: node.to_owned(),
            alive,
        }
    }

    async fn report_ready(&self) {
        let now = jiff::Timestamp::now();
        let status = json!({"status": {"conditions": [{
            "type": "Ready", "status": "True", "reason": "KubeletReady",
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        }]}});
        let name = ObjectName::cluster(self.node.as_str());
        self.nodes.strategic_part(&name, "status", &status).await.unwrap();
    }

    /// Renews the Lease, and takes back what others have said about a silent node.
    async fn renew(&self) {
        if !self.alive.load(Ordering::Relaxed) {
            return;
        }
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.node, "namespace": "kube-node-lease"},
            "spec": {
                "holderIdentity": self.node,
                "leaseDurationSeconds": 40,
                "renewTime": format!("{:.6}", jiff::Timestamp::now()),
            },
        });
        let name = ObjectName::new("kube-node-lease", self.node.as_str());
        if self.leases.merge(&name, &lease).await.is_err() {
            let _ = self.leases.create("kube-node-lease", &lease).await;
        }
        let node: Value = self
            .nodes
            .get(&ObjectName::cluster(self.node.as_str()))
            .await
            .unwrap_or_default();
        let conditions = node["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        if node.is_object() && conditions.any(|one| one["type"] == "Ready" && one["status"] != "True") {
            self.report_ready().await;
            self.serve_all().await;
        }
    }

    async fn serve(&self, pod: &Pod) {
        if pod.spec["nodeName"] != *self.node || !self.alive.load(Ordering::Relaxed) {
            return;
        }
        if pod.metadata.deletion_timestamp.is_some() {
            let how = Deletion {
                uid: Some(&pod.metadata.uid),
                grace_period: Some(0),
                ..Deletion::default()
            };
            let _ = self.pods.delete(&pod.object_name(), &how).await;
        } else if pod.status["phase"] == "Pending" || is_marked(pod) {
            self.start_pod(pod).await;
        }
    }

    /// Pods that others have marked as not ready are ready again.
    async fn serve_all(&self) {
        let pods: Vec<Pod> = self.pods.list("").await.unwrap_or_default();
        for pod in pods {
            self.serve(&pod).await;
        }
    }

    async fn start_pod(&self, pod: &Pod) {
        let broken = pod.spec["containers"][0]["image"] == BROKEN;
        let ready = if broken { "False" } else { "True" };
        let status = json!({"status": {
            "phase": "Running",
            "podIP": "10.42.0.9",
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": jiff::Timestamp::now()}],
        }});
        // It may be gone already.
        let _ = self
            .pods
            .strategic_part(&pod.object_name(), "status", &status)
            .await;
    }
}
