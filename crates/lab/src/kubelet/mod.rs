//! A small kubelet: an ordinary client of the Kubernetes API that runs the Pods of one node as network
//! namespaces.

mod cni;
mod container;
mod containers;
mod context;
mod environment;
mod health;
mod limits;
mod naming;
mod node;
mod pod;
mod probe;
mod publisher;
mod sandbox;
mod spec;
mod state;
mod status;
mod workload;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kinglet_kube::{Change, Inputs, Reflector};
use kinglet_model::{Object, ObjectName};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::cni::Plugin;
pub(crate) use self::context::{Cluster, Gate, NodeContext};
pub(crate) use self::node::{COMPONENT, Registration};
use self::pod::{Wanted, Worker};
pub(crate) use self::spec::Pod;

/// The kubelet of one node.
#[derive(Clone)]
pub(crate) struct Kubelet {
    context: Arc<NodeContext>,
    /// Pods by uid.
    pods: Arc<Mutex<HashMap<Arc<str>, Handle>>>,
    workers: TaskTracker,
    registered: CancellationToken,
}

struct Handle {
    name: ObjectName,
    wanted: watch::Sender<Wanted>,
    kills: watch::Sender<u64>,
}

impl Kubelet {
    pub(crate) fn new(context: NodeContext) -> Self {
        Self {
            context: Arc::new(context),
            pods: Arc::default(),
            workers: TaskTracker::new(),
            registered: CancellationToken::new(),
        }
    }

    /// The node.
    pub(crate) fn node(&self) -> &NodeContext {
        &self.context
    }

    /// Waits until the node has registered.
    pub(crate) async fn registered(&self) {
        self.registered.cancelled().await;
    }

    /// Registers the node, then runs its pods until `stop` is cancelled. Pods end at once then.
    pub(crate) async fn run(self, registration: Registration, pods: Reflector<Pod>, stop: CancellationToken) {
        let work = async {
            node::register(&self.context, &registration).await;
            self.registered.cancel();
            tokio::join!(
                node::keep_alive(self.context.clone(), registration),
                self.follow(pods)
            );
        };
        let _ = stop.run_until_cancelled(work).await;
        // Pods of a lab that ends get no grace period: nobody is left to balance away from them.
        for handle in self.lock().values() {
            handle.wanted.send_replace(Wanted::Gone);
        }
        self.workers.close();
        self.workers.wait().await;
    }

    async fn follow(&self, pods: Reflector<Pod>) {
        let mut changes = Inputs::new();
        changes.watch(&pods, |change| change);
        loop {
            for change in changes.next().await {
                // A partitioned node does not hear of changes: they wait here until it is connected again.
                self.context.gate.passed().await;
                match change {
                    Change::Applied(pod) if *pod.spec.node_name == *self.context.name => self.applied(pod),
                    Change::Applied(_) => {}
                    Change::Deleted(pod) => self.gone(&pod.metadata.uid),
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Handle>> {
        // No code that holds the lock can panic half-way through a change.
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn applied(&self, pod: Arc<Pod>) {
        let wanted = wanted(&pod);
        let mut pods = self.lock();
        match pods.get(&pod.metadata.uid) {
            Some(handle) => {
                handle.wanted.send_if_modified(|now| {
                    // What is gone stays gone, whatever change comes late.
                    let changed = *now != wanted && *now != Wanted::Gone;
                    if changed {
                        *now = wanted;
                    }
                    changed
                });
            }
            // Of a former life of this node.
            None if pod.is_over() && wanted == Wanted::Running => {}
            None => {
                pods.insert(pod.metadata.uid.clone(), self.start(pod, wanted));
            }
        }
    }

    fn gone(&self, uid: &str) {
        if let Some(handle) = self.lock().get(uid) {
            handle.wanted.send_replace(Wanted::Gone);
        }
    }

    fn start(&self, pod: Arc<Pod>, wanted: Wanted) -> Handle {
        let (wanted, wants) = watch::channel(wanted);
        let (kills, killed) = watch::channel(0);
        let (uid, name) = (pod.metadata.uid.clone(), pod.object_name());
        let worker = Worker {
            node: self.context.clone(),
            pod,
            wanted: wants,
            kills: killed,
        };
        let kubelet = self.clone();
        self.workers.spawn(async move {
            worker.run().await;
            kubelet.lock().remove(&uid);
        });
        Handle { name, wanted, kills }
    }

    /// Kills a pod's sandbox with all that runs in it; it starts again in a new one. `false` when the pod is
    /// not here.
    pub(crate) fn kill(&self, pod: &ObjectName) -> bool {
        let pods = self.lock();
        let handle = pods.values().find(|handle| handle.name == *pod);
        if let Some(handle) = handle {
            handle.kills.send_modify(|count| *count += 1);
        }
        handle.is_some()
    }
}

fn wanted(pod: &Pod) -> Wanted {
    match pod.metadata.deletion_timestamp {
        None => Wanted::Running,
        Some(_) => {
            let seconds = pod.metadata.deletion_grace_period_seconds.unwrap_or(30);
            Wanted::Ended(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
        }
    }
}
