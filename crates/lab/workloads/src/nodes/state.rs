//! What the controller knows: nodes, their last signs of life, and the Pods on them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kinglet_kube::Change;
use kinglet_model::ObjectName;
use tokio::time::Instant;

use super::super::objects::{Lease, Node, Pod, condition};
use super::super::store::Store;
use super::plan::{NodePlan, PodOnNode, plan, without_node};

/// The namespace of the Leases of nodes.
const LEASES: &str = "kube-node-lease";

pub(super) struct State {
    grace: Duration,
    nodes: Store<Node>,
    pods: Store<Pod>,
    pods_on: HashMap<Arc<str>, BTreeSet<ObjectName>>,
    /// The last sign of life of each node; of one that does not exist, when that was noticed.
    signs_of_life: HashMap<Arc<str>, SignOfLife>,
    /// Pods (by uid) that taints evict, and since when.
    evicting: HashMap<Arc<str>, Instant>,
    /// Pods (by uid) that were set to not ready since their node is not ready.
    marked: HashSet<Arc<str>>,
}

/// The last sign of life. Its content does not matter, only that it changes: clocks may differ.
struct SignOfLife {
    lease: Option<Arc<str>>,
    status: Option<Heartbeat>,
    at: Instant,
}

/// What a kubelet says of its node, and when it said so.
type Heartbeat = (Box<str>, Option<Timestamp>);

/// What the kubelet last reported; `Unknown` is written by this controller, not by a kubelet.
fn heartbeat(node: &Node) -> Option<Heartbeat> {
    let ready = condition(&node.conditions, "Ready").filter(|one| &*one.status != "Unknown")?;
    Some((ready.status.clone(), ready.last_heartbeat_time))
}

impl SignOfLife {
    fn now() -> Self {
        Self {
            lease: None,
            status: None,
            at: Instant::now(),
        }
    }
}

impl State {
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            grace,
            nodes: Store::default(),
            pods: Store::default(),
            pods_on: HashMap::new(),
            signs_of_life: HashMap::new(),
            evicting: HashMap::new(),
            marked: HashSet::new(),
        }
    }

    /// The name of the node.
    pub(super) fn node(&mut self, change: Change<Node>) -> Arc<str> {
        let name = change.name();
        let known = self.nodes.get(&name).is_some();
        let name = name.name;
        let (heartbeat, exists) = match &change {
            Change::Applied(node) => (heartbeat(node), true),
            Change::Deleted(_) => (None, false),
        };
        // The grace period of a node that appears, or of the Pods of one that goes, begins now.
        if known != exists {
            self.signs_of_life.insert(name.clone(), SignOfLife::now());
        }
        let last = self
            .signs_of_life
            .entry(name.clone())
            .or_insert_with(SignOfLife::now);
        if heartbeat.is_some() && last.status != heartbeat {
            last.at = Instant::now();
        }
        last.status = heartbeat;
        self.nodes.take(change);
        name
    }

    /// A renewed Lease is a sign of life.
    pub(super) fn lease(&mut self, change: Change<Lease>) {
        let ObjectName { namespace, name } = change.name();
        // In other namespaces, leases elect leaders; their names may be those of nodes.
        if *namespace != *LEASES {
            return;
        }
        let renewed = change.now().and_then(|lease| lease.spec.renew_time.clone());
        let last = self.signs_of_life.entry(name).or_insert_with(SignOfLife::now);
        if renewed.is_some() && last.lease != renewed {
            last.lease = renewed;
            last.at = Instant::now();
        }
    }

    /// The nodes of a Pod, before and after.
    pub(super) fn pod(&mut self, change: Change<Pod>) -> Vec<Arc<str>> {
        let name = change.name();
        let now = match &change {
            Change::Applied(pod) => Some(pod.clone()),
            Change::Deleted(_) => None,
        };
        let mut nodes = Vec::new();
        if let Some(before) = self.pods.get(&name) {
            let node = before.spec.node_name.clone();
            // A Pod of the same name with another uid begins anew.
            let other = now
                .as_ref()
                .is_none_or(|pod| pod.metadata.uid != before.metadata.uid);
            if other {
                self.evicting.remove(&before.metadata.uid);
                self.marked.remove(&before.metadata.uid);
            }
            if let Some(pods) = self.pods_on.get_mut(&node) {
                pods.remove(&name);
            }
            nodes.push(node);
        }
        if let Some(pod) = now.filter(|pod| pod.is_bound()) {
            let node = pod.spec.node_name.clone();
            self.pods_on.entry(node.clone()).or_default().insert(name);
            nodes.push(node);
        }
        self.pods.take(change);
        nodes.retain(|node| !node.is_empty());
        nodes.dedup();
        nodes
    }

    /// Plans for a node, or for the Pods of a node that does not exist.
    pub(super) fn plan(&mut self, name: &Arc<str>) -> NodePlan {
        let silent = self
            .signs_of_life
            .entry(name.clone())
            .or_insert_with(SignOfLife::now)
            .at;
        let silent = silent.elapsed();
        let names = self.pods_on.get(name).into_iter().flatten();
        let pods = names.filter_map(|name| self.pods.get(name));
        match self.nodes.get(&ObjectName::cluster(name.clone())) {
            None => {
                let pods: Vec<Arc<Pod>> = pods.cloned().collect();
                without_node(&pods, silent, self.grace)
            }
            Some(node) => {
                let pods: Vec<PodOnNode> = pods.map(|pod| self.pod_on_node(pod)).collect();
                plan(node, &pods, silent, self.grace, Timestamp::now())
            }
        }
    }

    fn pod_on_node(&self, pod: &Arc<Pod>) -> PodOnNode {
        let uid = &pod.metadata.uid;
        PodOnNode {
            pod: pod.clone(),
            evicting_for: self.evicting.get(uid).map(Instant::elapsed),
            marked: self.marked.contains(uid),
        }
    }

    /// A plan was carried out.
    pub(super) fn done(&mut self, plan: &NodePlan) {
        for uid in &plan.evicting {
            self.evicting.entry(uid.clone()).or_insert_with(Instant::now);
        }
        for uid in &plan.tolerating {
            self.evicting.remove(uid);
        }
        self.marked
            .extend(plan.unready.iter().map(|pod| pod.metadata.uid.clone()));
        for uid in &plan.recovered {
            self.marked.remove(uid);
        }
    }
}
