//! Workloads of a cluster whose control plane is the embedded API server: what a kube-scheduler and the
//! controllers of workloads and nodes do, where kubelets stand behind the Nodes.
//!
//! - [`scheduler`]: binds Pods to nodes, as kube-scheduler does;
//! - [`deployments`], [`replicasets`], [`daemonsets`], [`statefulsets`]: Pods from templates ([`pod_owners`]
//!   is what owners of Pods have in common);
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
mod nodes;
mod objects;
mod owners;
mod placement;
mod pod_owners;
mod pods;
mod replicasets;
mod scheduler;
mod statefulsets;
mod store;
mod template;

use std::time::Duration;

use kinglet_kube::{Client, Controllers, Recorder, Reflectors};
use tokio_util::sync::CancellationToken;

use self::objects::{DaemonSet, ReplicaSet, StatefulSet};
use self::pod_owners::PodOwner;

/// Settings of the scheduler and the controllers.
#[derive(Clone, Debug)]
pub struct WorkloadSettings {
    /// Name of this process in the Events that it writes (`reportingInstance`): the host's name.
    pub instance: String,
    /// How long a node may be silent before it counts as unreachable, and how long Pods may be bound to a
    /// node that does not exist.
    pub node_grace_period: Duration,
}

impl Default for WorkloadSettings {
    fn default() -> Self {
        Self {
            instance: "localhost".to_owned(),
            node_grace_period: Duration::from_secs(40),
        }
    }
}

/// Starts the scheduler and the controllers of workloads and nodes; they run until `stop` is cancelled,
/// whether the answer is awaited or not. The answer comes when all of them have seen everything that existed
/// at the start, or were stopped.
///
/// They expect a kubelet behind every Node, and clean up after nodes that have none: do not start them where
/// Nodes and Pods are written by hand, as in a stand-alone server whose backends are ordinary processes.
pub fn spawn(
    client: &Client,
    settings: &WorkloadSettings,
    stop: &CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let controllers = Controllers::new(stop.clone());
    let reflectors = &Reflectors::new(client.clone(), stop.clone());
    let recorder = |component| {
        let instance = settings.instance.clone();
        Recorder::spawn(client.clone(), component, instance, stop.clone())
    };
    controllers.start(scheduler::controller(reflectors, recorder(scheduler::COMPONENT)));
    controllers.start(pod_owners::controller::<ReplicaSet>(
        reflectors,
        recorder(ReplicaSet::COMPONENT),
    ));
    controllers.start(pod_owners::controller::<DaemonSet>(
        reflectors,
        recorder(DaemonSet::COMPONENT),
    ));
    controllers.start(pod_owners::controller::<StatefulSet>(
        reflectors,
        recorder(StatefulSet::COMPONENT),
    ));
    controllers.start(deployments::controller(
        reflectors,
        recorder(deployments::COMPONENT),
    ));
    let grace = settings.node_grace_period;
    controllers.start(nodes::controller(reflectors, recorder(nodes::COMPONENT), grace));
    controllers.synced()
}
