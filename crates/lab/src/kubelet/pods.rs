//! The pods of a node, by uid, and what is known of them outside their own tasks.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kinglet_model::{Object, ObjectName};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::context::{NodeContext, PodContext};
use super::pod::{Wanted, Worker};
use super::sandbox;
use super::spec::Pod;
use super::state::Shared;

/// The pods of a node. Clones are the same.
#[derive(Clone)]
pub(crate) struct Pods {
    node: Arc<NodeContext>,
    by_uid: Arc<Mutex<HashMap<Arc<str>, Handle>>>,
    workers: TaskTracker,
}

struct Handle {
    pod: Arc<Pod>,
    wanted: watch::Sender<Wanted>,
    kills: watch::Sender<u64>,
    state: Shared,
    sandbox: watch::Receiver<Option<PodContext>>,
}

/// A pod, as somebody finds it who asks for it.
pub(crate) struct Found {
    pub(crate) pod: Arc<Pod>,
    pub(crate) state: Shared,
    /// What its tasks share while it has a sandbox.
    pub(crate) sandbox: Option<PodContext>,
    /// Its files: they stay when the sandbox goes.
    pub(crate) directory: PathBuf,
}

impl Pods {
    pub(crate) fn new(node: Arc<NodeContext>) -> Self {
        Self {
            node,
            by_uid: Arc::default(),
            workers: TaskTracker::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Handle>> {
        // No code that holds the lock can panic half-way through a change.
        self.by_uid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its object is there or has changed.
    pub(crate) fn applied(&self, pod: Arc<Pod>) {
        let wanted = wanted(&pod);
        let mut pods = self.lock();
        match pods.get(&pod.metadata.uid) {
            Some(handle) => {
                handle.wanted.send_if_modified(|now| {
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

    /// Its object is gone.
    pub(crate) fn gone(&self, uid: &str) {
        if let Some(handle) = self.lock().get(uid) {
            handle.wanted.send_replace(Wanted::Gone);
        }
    }

    fn start(&self, pod: Arc<Pod>, wanted: Wanted) -> Handle {
        let (wanted, wants) = watch::channel(wanted);
        let (kills, killed) = watch::channel(0);
        let (entered, sandbox) = watch::channel(None);
        let worker = Worker::new(self.node.clone(), pod.clone(), wants, killed, entered);
        let state = worker.state();
        let (pods, uid) = (self.clone(), pod.metadata.uid.clone());
        self.workers.spawn(async move {
            worker.run().await;
            pods.lock().remove(&uid);
        });
        Handle {
            pod,
            wanted,
            kills,
            state,
            sandbox,
        }
    }

    /// The pod of a name. Of two, which are one that goes and its successor, the one that has a sandbox.
    pub(crate) fn find(&self, name: &ObjectName) -> Option<Found> {
        let pods = self.lock();
        let of_name = pods.values().filter(|handle| handle.pod.object_name() == *name);
        let handle = of_name.max_by_key(|handle| {
            (
                *handle.wanted.borrow() == Wanted::Running,
                handle.sandbox.borrow().is_some(),
            )
        })?;
        Some(Found {
            pod: handle.pod.clone(),
            state: handle.state.clone(),
            sandbox: handle.sandbox.borrow().clone(),
            directory: sandbox::directory(&self.node, &handle.pod),
        })
    }

    /// Kills a pod's sandbox with all that runs in it; it starts again in a new one. `false` when the pod is
    /// not here.
    pub(crate) fn kill(&self, name: &ObjectName) -> bool {
        let pods = self.lock();
        let handle = pods.values().find(|handle| handle.pod.object_name() == *name);
        if let Some(handle) = handle {
            handle.kills.send_modify(|count| *count += 1);
        }
        handle.is_some()
    }

    /// Ends all pods at once and waits for that.
    pub(crate) async fn end(&self) {
        for handle in self.lock().values() {
            handle.wanted.send_replace(Wanted::Gone);
        }
        self.workers.close();
        self.workers.wait().await;
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
