//! What the controller knows: nodes, when they were last heard of, and the Pods on them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kinglet_kube::Change;
use kinglet_model::ObjectName;
use tokio::time::Instant;

use super::super::objects::{Lease, Node, Pod, condition};
use super::super::store::Store;
use super::plan::{Guest, NodePlan, abandoned, plan};

/// The namespace of the Leases of nodes.
const LEASES: &str = "kube-node-lease";

pub(super) struct State {
    grace: Duration,
    nodes: Store<Node>,
    pods: Store<Pod>,
    pods_on: HashMap<Arc<str>, BTreeSet<ObjectName>>,
    /// When something was last heard of a node, or that there is none of the name.
    heard: HashMap<Arc<str>, Heard>,
    /// Pods (by uid) that taints evict, and since when.
    condemned: HashMap<Arc<str>, Instant>,
    /// Pods (by uid) that were marked as not ready since their node is.
    marked: HashSet<Arc<str>>,
}

/// The last sign of life. Its content does not matter, only that it changes: clocks may differ.
struct Heard {
    lease: Option<Arc<str>>,
    status: Option<Beat>,
    at: Instant,
}

/// What a kubelet says of its node, and when it said so.
type Beat = (Box<str>, Option<Timestamp>);

/// The kubelet's last word in a node's status; `Unknown` is not its word.
fn beat(node: &Node) -> Option<Beat> {
    let ready = condition(&node.conditions, "Ready").filter(|one| &*one.status != "Unknown")?;
    Some((ready.status.clone(), ready.last_heartbeat_time))
}

impl Heard {
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
            heard: HashMap::new(),
            condemned: HashMap::new(),
            marked: HashSet::new(),
        }
    }

    /// The name of the node.
    pub(super) fn node(&mut self, change: Change<Node>) -> Arc<str> {
        let name = change.name();
        let known = self.nodes.get(&name).is_some();
        let name = name.name;
        let (beat, exists) = match &change {
            Change::Applied(node) => (beat(node), true),
            Change::Deleted(_) => (None, false),
        };
        // A node that appears or goes is heard of afresh.
        if known != exists {
            self.heard.insert(name.clone(), Heard::now());
        }
        let heard = self.heard.entry(name.clone()).or_insert_with(Heard::now);
        if beat.is_some() && heard.status != beat {
            heard.at = Instant::now();
        }
        heard.status = beat;
        self.nodes.take(change);
        name
    }

    /// A renewed Lease is a sign of life.
    pub(super) fn lease(&mut self, change: Change<Lease>) {
        let ObjectName { namespace, name } = change.name();
        if *namespace != *LEASES {
            return;
        }
        let renewed = change.now().and_then(|lease| lease.spec.renew_time.clone());
        let heard = self.heard.entry(name).or_insert_with(Heard::now);
        if renewed.is_some() && heard.lease != renewed {
            heard.lease = renewed;
            heard.at = Instant::now();
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
                self.condemned.remove(&before.metadata.uid);
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

    /// What a node, or the lack of a node, calls for.
    pub(super) fn plan(&mut self, name: &Arc<str>) -> NodePlan {
        let silent = self.heard.entry(name.clone()).or_insert_with(Heard::now).at;
        let silent = silent.elapsed();
        let names = self.pods_on.get(name).into_iter().flatten();
        let pods = names.filter_map(|name| self.pods.get(name));
        match self.nodes.get(&ObjectName::cluster(name.clone())) {
            None => {
                let pods: Vec<Arc<Pod>> = pods.cloned().collect();
                abandoned(&pods, silent, self.grace)
            }
            Some(node) => {
                let guests: Vec<Guest> = pods.map(|pod| self.guest(pod)).collect();
                plan(node, &guests, silent, self.grace, Timestamp::now())
            }
        }
    }

    fn guest(&self, pod: &Arc<Pod>) -> Guest {
        let uid = &pod.metadata.uid;
        Guest {
            pod: pod.clone(),
            condemned_for: self.condemned.get(uid).map(Instant::elapsed),
            marked: self.marked.contains(uid),
        }
    }

    /// A plan was carried out.
    pub(super) fn done(&mut self, plan: &NodePlan) {
        for uid in &plan.condemned {
            self.condemned.entry(uid.clone()).or_insert_with(Instant::now);
        }
        for uid in &plan.spared {
            self.condemned.remove(uid);
        }
        self.marked
            .extend(plan.unready.iter().map(|pod| pod.metadata.uid.clone()));
        for uid in &plan.recovered {
            self.marked.remove(uid);
        }
    }
}
