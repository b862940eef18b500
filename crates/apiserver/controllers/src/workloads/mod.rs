//! Workloads: what puts Pods on nodes and keeps as many of them as wanted.
//!
//! - [`scheduler`]: binds Pods to nodes, as kube-scheduler does;
//! - [`deployments`], [`replicasets`], [`daemonsets`], [`statefulsets`]: Pods from templates ([`fleet`] is
//!   what owners of Pods have in common);
//! - [`nodes`]: nodes that fall silent, and the Pods on them.
//!
//! They need kubelets behind the Nodes; without Nodes Pods wait. All share one cache per kind.

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

use kinglet_kube::{Client, Recorder, Reflector};
use kinglet_model::{Namespace, Object};
use tokio_util::sync::CancellationToken;

use self::fleet::Fleet;
use self::objects::{DaemonSet, Deployment, Lease, Node, Pod, ReplicaSet, StatefulSet};
use self::pods::PodWriter;
use crate::progress::Progress;
use crate::{Controllers, Settings, spawn_until};

/// Starts the controllers of workloads; they run until `stop` is cancelled.
pub(super) fn spawn(client: &Client, settings: &Settings, stop: &CancellationToken) -> Controllers {
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
        spawn_until(self.stop, Box::pin(controller));
    }

    fn cache<K: Object>(&self) -> Reflector<K> {
        cache(&self.client, self.stop)
    }

    fn recorder(&self, component: &'static str) -> Recorder {
        let instance = self.settings.instance.clone();
        Recorder::spawn(self.client.clone(), component, instance, self.stop.clone())
    }
}
