//! What the scheduler knows, and which Pods wait for it.

use std::collections::HashMap;
use std::sync::Arc;

use kinglet_kube::Change;
use kinglet_model::{Namespace, Object, ObjectName};

use super::super::objects::{Node, Pod};
use super::super::store::Store;
use super::snapshot::{Namespaces, Snapshot};

/// `schedulerName` of the Pods that are ours.
const NAME: &str = "default-scheduler";

#[derive(Default)]
pub(super) struct State {
    pods: Store<Pod>,
    nodes: Store<Node>,
    namespaces: Arc<Namespaces>,
    /// Nodes of Pods (by uid) whose binding the watch has not shown yet.
    bound: HashMap<Arc<str>, Arc<str>>,
}

impl State {
    /// The Pods that a change of a Pod concerns: itself, and all that wait if it makes room or company.
    pub(super) fn pod(&mut self, change: Change<Pod>) -> Vec<ObjectName> {
        let name = change.name();
        let mut arrived = false;
        let states = match change {
            Change::Applied(pod) => {
                arrived = pod.is_bound() && self.bound.contains_key(&pod.metadata.uid);
                let pod = self.with_binding(pod);
                self.pods.put(pod)
            }
            Change::Deleted(_) => {
                if let Some(pod) = self.pods.get(&name) {
                    self.bound.remove(&pod.metadata.uid);
                }
                self.pods.take(change)
            }
        };
        let placed = |pod: &Arc<Pod>| (pod.is_bound(), pod.is_active(), pod.metadata.labels.clone());
        let matters = match states.as_slice() {
            [before, after] => (before.is_bound() || after.is_bound()) && placed(before) != placed(after),
            [one] => one.is_bound(),
            _ => false,
        };
        if matters || arrived {
            self.waiting()
        } else {
            vec![name]
        }
    }

    pub(super) fn node(&mut self, change: Change<Node>) -> Vec<ObjectName> {
        let states = self.nodes.take(change);
        let same = |one: &Node, other: &Node| {
            let of = |node: &Node| (node.unschedulable, node.metadata.labels.clone());
            of(one) == of(other) && one.taints == other.taints && one.allocatable == other.allocatable
        };
        match states.as_slice() {
            [before, after] if same(before, after) => Vec::new(),
            _ => self.waiting(),
        }
    }

    pub(super) fn namespace(&mut self, change: Change<Namespace>) -> Vec<ObjectName> {
        let name = change.name().name;
        let namespaces = Arc::make_mut(&mut self.namespaces);
        match change.now() {
            Some(namespace) => namespaces.insert(name, namespace.metadata.labels.clone()),
            None => namespaces.remove(&name),
        };
        self.waiting()
    }

    fn waiting(&self) -> Vec<ObjectName> {
        let waiting = self.pods.values().filter(|pod| is_waiting(pod));
        waiting.map(|pod| pod.object_name()).collect()
    }

    /// Of these Pods those that wait, the important ones first, then the older ones.
    pub(super) fn in_order(&self, names: &[ObjectName]) -> Vec<Arc<Pod>> {
        let pods = names.iter().filter_map(|name| self.pods.get(name));
        let mut pods: Vec<Arc<Pod>> = pods.filter(|pod| is_waiting(pod)).cloned().collect();
        pods.sort_by_key(|pod| {
            let meta = &pod.metadata;
            (
                -i64::from(pod.spec.priority),
                meta.creation_timestamp,
                meta.name.clone(),
            )
        });
        pods
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.nodes.values(), self.pods.values(), self.namespaces.clone())
    }

    /// A Pod is as good as on a node.
    pub(super) fn assume(&mut self, pod: &Pod, node: &Arc<str>) -> Arc<Pod> {
        self.bound.insert(pod.metadata.uid.clone(), node.clone());
        let pod = self.with_binding(Arc::new(pod.clone()));
        self.pods.put(pod.clone());
        pod
    }

    /// The binding failed: the Pod waits again.
    pub(super) fn forget(&mut self, pod: &Arc<Pod>) {
        self.bound.remove(&pod.metadata.uid);
        let name = pod.object_name();
        if self
            .pods
            .get(&name)
            .is_some_and(|now| now.metadata.uid == pod.metadata.uid)
        {
            self.pods.put(pod.clone());
        }
    }

    /// The Pod on the node to which we have bound it, until it says so itself.
    fn with_binding(&mut self, pod: Arc<Pod>) -> Arc<Pod> {
        let uid = &pod.metadata.uid;
        if pod.is_bound() {
            self.bound.remove(uid);
            return pod;
        }
        match self.bound.get(uid) {
            None => pod,
            Some(node) => {
                let mut bound = (*pod).clone();
                bound.spec.node_name = node.clone();
                Arc::new(bound)
            }
        }
    }
}

fn is_waiting(pod: &Pod) -> bool {
    let ours = matches!(&*pod.spec.scheduler_name, "" | NAME);
    ours && pod.is_active() && !pod.is_bound() && !pod.spec.gated
}
