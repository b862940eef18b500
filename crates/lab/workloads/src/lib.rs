//! Workloads of a cluster whose control plane is the embedded API server: what a kube-scheduler and the
//! controllers of workloads and nodes do, where kubelets stand behind the Nodes.
//!
//! - [`scheduler`]: binds Pods to nodes, as kube-scheduler does;
//! - [`deployments`], [`replicasets`], [`daemonsets`], [`statefulsets`]: Pods from templates ([`fleet`] is
//!   what owners of Pods have in common);
//! - [`nodes`]: nodes that fall silent, and the Pods on them.
//!
//! Each is a pure core (from objects to wanted writes) in a thin shell that watches, writes and retries. All
//! share one cache per kind. Without Nodes Pods wait.
//!
//! Invariant: ordinary API clients that know neither the embedded server nor the lab; they do the same on any
//! other API server.

mod amounts;
mod claim;
mod daemonsets;
mod deployments;
mod expected;
mod fleet;
mod nodes;
mod objects;
mod placement;
mod pods;
mod replicasets;
mod scheduler;
mod statefulsets;
mod store;
mod template;

use std::time::Duration;

use kinglet_controllers::{Controllers, Progress};
use kinglet_kube::{Client, Recorder, Reflector};
use kinglet_model::{Namespace, Object};
use tokio_util::sync::CancellationToken;

use self::fleet::Fleet;
use self::objects::{DaemonSet, Deployment, Lease, Node, Pod, ReplicaSet, StatefulSet};
use self::pods::PodWriter;

/// Settings of the scheduler and the controllers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of this process in the Events that it writes (`reportingInstance`): the host's name.
    pub instance: String,
    /// How long a node may be silent before it counts as unreachable, and how long Pods may be bound to a
    /// node that does not exist.
    pub node_grace_period: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            instance: "localhost".to_owned(),
            node_grace_period: Duration::from_secs(40),
        }
    }
}

/// Starts the scheduler and the controllers of workloads and nodes; they run until `stop` is cancelled.
///
/// They expect a kubelet behind every Node, and clean up after nodes that have none: do not start them where
/// Nodes and Pods are written by hand, as in a stand-alone server whose backends are ordinary processes.
pub fn spawn(client: &Client, settings: &Settings, stop: &CancellationToken) -> Controllers {
    let (progress, controllers) = Progress::of(6);
    let start = Start {
        client: client.clone(),
        settings,
        stop,
        pods: cache(client, stop),
        nodes: cache(client, stop),
        sets: cache(client, stop),
        progress,
    };
    start.scheduler();
    start.fleet(start.sets.clone());
    start.fleet(start.cache::<DaemonSet>());
    start.fleet(start.cache::<StatefulSet>());
    start.deployments();
    start.nodes();
    controllers
}

fn cache<K: Object>(client: &Client, stop: &CancellationToken) -> Reflector<K> {
    Reflector::spawn(client.clone(), stop.clone())
}

/// What the controllers are started with.
struct Start<'a> {
    client: Client,
    settings: &'a Settings,
    stop: &'a CancellationToken,
    pods: Reflector<Pod>,
    nodes: Reflector<Node>,
    sets: Reflector<ReplicaSet>,
    progress: Progress,
}

impl Start<'_> {
    fn scheduler(&self) {
        let namespaces = self.cache::<Namespace>();
        let caches = (self.pods.clone(), self.nodes.clone(), namespaces);
        let recorder = self.recorder(scheduler::COMPONENT);
        self.run(scheduler::run(
            self.client.clone(),
            caches,
            recorder,
            self.progress.clone(),
        ));
    }

    fn fleet<K: Fleet>(&self, owners: Reflector<K>) {
        let caches = (owners, self.pods.clone(), self.nodes.clone());
        let writer = PodWriter::new(&self.client, self.recorder(K::COMPONENT));
        self.run(fleet::run(
            self.client.clone(),
            caches,
            writer,
            self.progress.clone(),
        ));
    }

    fn deployments(&self) {
        let caches = (self.cache::<Deployment>(), self.sets.clone());
        let recorder = self.recorder(deployments::COMPONENT);
        self.run(deployments::run(
            self.client.clone(),
            caches,
            recorder,
            self.progress.clone(),
        ));
    }

    fn nodes(&self) {
        let caches = (self.pods.clone(), self.nodes.clone(), self.cache::<Lease>());
        let recorder = self.recorder(nodes::COMPONENT);
        let (client, grace) = (self.client.clone(), self.settings.node_grace_period);
        self.run(nodes::run(client, caches, recorder, grace, self.progress.clone()));
    }

    fn run(&self, controller: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(controller).await });
    }

    fn cache<K: Object>(&self) -> Reflector<K> {
        cache(&self.client, self.stop)
    }

    fn recorder(&self, component: &'static str) -> Recorder {
        let instance = self.settings.instance.clone();
        Recorder::spawn(self.client.clone(), component, instance, self.stop.clone())
    }
}
