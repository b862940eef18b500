//! Workloads: what puts Pods on nodes and keeps as many of them as wanted.
//!
//! - [`scheduler`]: binds Pods to nodes, as kube-scheduler does;
//! - [`deployments`], [`replicasets`], [`daemonsets`]: Pods from templates;
//! - [`nodes`]: nodes that fall silent, and the Pods on them.
//!
//! They need kubelets behind the Nodes; without Nodes Pods wait. All share one cache per kind.

mod amounts;
mod claim;
mod daemonsets;
mod deployments;
mod expected;
mod nodes;
mod objects;
mod placement;
mod pods;
mod replicasets;
mod scheduler;
mod store;
mod template;

use kinglet_kube::{Client, Recorder, Reflector};
use kinglet_model::{Namespace, Object};
use tokio_util::sync::CancellationToken;

use self::objects::{DaemonSet, Deployment, Lease, Node, Pod, ReplicaSet};
use self::pods::PodWriter;
use crate::progress::Progress;
use crate::{Controllers, Settings, spawn_until};

/// Starts the controllers of workloads; they run until `stop` is cancelled.
pub(super) fn spawn(client: &Client, settings: &Settings, stop: &CancellationToken) -> Controllers {
    let (progress, controllers) = Progress::of(5);
    let start = Start {
        client,
        settings,
        stop,
    };
    let pods = start.cache::<Pod>();
    let nodes = start.cache::<Node>();
    let sets = start.cache::<ReplicaSet>();
    let deployments = start.cache::<Deployment>();
    let run = |controller| spawn_until(stop, controller);
    run(Box::pin(scheduler::run(
        client.clone(),
        (pods.clone(), nodes.clone(), start.cache::<Namespace>()),
        start.recorder(scheduler::COMPONENT),
        progress.clone(),
    )));
    run(Box::pin(replicasets::run(
        client.clone(),
        sets.clone(),
        pods.clone(),
        PodWriter::new(client, start.recorder(replicasets::COMPONENT)),
        progress.clone(),
    )));
    run(Box::pin(daemonsets::run(
        client.clone(),
        start.cache::<DaemonSet>(),
        (pods.clone(), nodes.clone()),
        PodWriter::new(client, start.recorder(daemonsets::COMPONENT)),
        progress.clone(),
    )));
    run(Box::pin(nodes::run(
        client.clone(),
        (pods, nodes, start.cache::<Lease>()),
        start.recorder(nodes::COMPONENT),
        settings.node_grace_period,
        progress.clone(),
    )));
    run(Box::pin(deployments::run(
        client.clone(),
        deployments,
        sets,
        start.recorder(deployments::COMPONENT),
        progress,
    )));
    controllers
}

/// What all controllers are started with.
struct Start<'a> {
    client: &'a Client,
    settings: &'a Settings,
    stop: &'a CancellationToken,
}

impl Start<'_> {
    fn cache<K: Object>(&self) -> Reflector<K> {
        Reflector::spawn(self.client.clone(), self.stop.clone())
    }

    fn recorder(&self, component: &'static str) -> Recorder {
        let instance = self.settings.instance.clone();
        Recorder::spawn(self.client.clone(), component, instance, self.stop.clone())
    }
}
