//! Workloads of a cluster whose control plane is the embedded API server: what a kube-scheduler and the
//! controllers of workloads and nodes do, where kubelets stand behind the Nodes.
//!
//! - [`scheduler`]: binds Pods to nodes, as kube-scheduler does;
//! - [`deployments`], [`replicasets`], [`daemonsets`], [`statefulsets`]: Pods from templates ([`pod_owners`] is
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

use std::convert::Infallible;
use std::time::Duration;

use kinglet_kube::{Client, Reconciler, Recorder, Reflectors, Source, control};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::objects::{DaemonSet, ReplicaSet, StatefulSet};
use self::pod_owners::PodOwner;

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

/// Starts the scheduler and the controllers of workloads and nodes; they run until `stop` is cancelled,
/// whether the answer is awaited or not. The answer comes when all of them have seen everything that existed
/// at the start, or were stopped.
///
/// They expect a kubelet behind every Node, and clean up after nodes that have none: do not start them where
/// Nodes and Pods are written by hand, as in a stand-alone server whose backends are ordinary processes.
pub fn spawn(
    client: &Client,
    settings: &Settings,
    stop: &CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let (starting, mut started) = mpsc::channel(1);
    let start = Start {
        reflectors: Reflectors::new(client.clone(), stop.clone()),
        instance: &settings.instance,
        stop,
        starting,
    };
    start.run(|reflectors| scheduler::controller(reflectors, start.recorder(scheduler::COMPONENT)));
    start.pod_owners::<ReplicaSet>();
    start.pod_owners::<DaemonSet>();
    start.pod_owners::<StatefulSet>();
    start.run(|reflectors| deployments::controller(reflectors, start.recorder(deployments::COMPONENT)));
    start.run(|reflectors| {
        let recorder = start.recorder(nodes::COMPONENT);
        nodes::controller(reflectors, recorder, settings.node_grace_period)
    });
    // Nothing is sent: the channel ends when the last controller has let its sender go.
    async move {
        started.recv().await;
    }
}

/// What the controllers are started with.
struct Start<'a> {
    reflectors: Reflectors,
    instance: &'a str,
    stop: &'a CancellationToken,
    /// Held by each controller until it is synced.
    starting: mpsc::Sender<Infallible>,
}

impl Start<'_> {
    fn pod_owners<K: PodOwner>(&self) {
        self.run(|reflectors| pod_owners::controller::<K>(reflectors, self.recorder(K::COMPONENT)));
    }

    fn run<R, S>(&self, controller: impl FnOnce(&Reflectors) -> (R, S))
    where
        R: Reconciler + 'static,
        S: Source<Change = R::Change> + 'static,
    {
        let (reconciler, source) = controller(&self.reflectors);
        let (starting, stop) = (self.starting.clone(), self.stop.clone());
        let controller = control(reconciler, source, move || drop(starting));
        tokio::spawn(async move { stop.run_until_cancelled(controller).await });
    }

    fn recorder(&self, component: &'static str) -> Recorder {
        let client = self.reflectors.client().clone();
        Recorder::spawn(client, component, self.instance.to_owned(), self.stop.clone())
    }
}
