//! Rules kept up to date, change by change.

mod contribution;
mod pending;
mod references;
mod tracked;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Object, ObjectName, Pod};

use crate::cluster::Cluster;
use crate::compile::filled;
use crate::pod_peer::PodPeer;
use crate::problem::Problem;
use crate::rules::{Id, Rules, SetKind};
use contribution::Contribution;
pub(crate) use pending::{Content, Pending, Slot};
use references::References;
pub(crate) use tracked::TrackedRules;

/// The rules of a node, the cluster that they follow, and what of them the kernel does not have yet.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    node: Arc<str>,
    pub(crate) cluster: Cluster,
    pub(crate) tracked: TrackedRules,
    contributions: HashMap<ObjectName, Contribution>,
    references: References,
}

impl Engine {
    pub(crate) fn new(node: Arc<str>) -> Self {
        Self {
            node,
            ..Self::default()
        }
    }

    pub(crate) fn apply_pod(&mut self, pod: Arc<Pod>) {
        let name = pod.object_name();
        // Other pods that claim an address of this one, before or after, may win or lose it.
        let mut addresses = self.addresses(&name);
        addresses.extend(&pod.ips);
        let mut affected = self.claimants(&addresses);
        affected.insert(name);
        self.cluster.apply_pod(pod);
        self.refresh(affected);
    }

    pub(crate) fn remove_pod(&mut self, name: &ObjectName) {
        let mut affected = self.claimants(&self.addresses(name));
        affected.insert(name.clone());
        self.cluster.remove_pod(name);
        self.refresh(affected);
    }

    pub(crate) fn apply_namespace(&mut self, namespace: &Namespace) {
        let name = namespace.metadata.name.clone();
        let before = self.cluster.labels(&name).cloned();
        self.cluster.apply_namespace(namespace);
        // Namespaces change for many reasons; only labels matter here.
        if self.cluster.labels(&name) != before.as_ref() {
            self.refresh_namespace(&name, false);
        }
    }

    pub(crate) fn remove_namespace(&mut self, name: &str) {
        self.cluster.remove_namespace(name);
        self.refresh_namespace(&name.into(), false);
    }

    pub(crate) fn apply_policy(&mut self, policy: &NetworkPolicy) -> Vec<Problem> {
        let problems = self.cluster.apply_policy(policy);
        self.refresh_namespace(&policy.metadata.namespace, true);
        problems
    }

    pub(crate) fn remove_policy(&mut self, name: &ObjectName) {
        self.cluster.remove_policy(name);
        self.refresh_namespace(&name.namespace, true);
    }

    pub(crate) fn apply_cluster_policy(&mut self, policy: &ClusterNetworkPolicy) -> Vec<Problem> {
        let name = policy.object_name();
        // Pods that the policy selects no longer must be computed, too.
        let before = self.subject(&name);
        let problems = self.cluster.apply_cluster_policy(policy);
        let now = self.subject(&name);
        self.refresh_subjects(&[before, now]);
        problems
    }

    pub(crate) fn remove_cluster_policy(&mut self, name: &ObjectName) {
        let before = self.subject(name);
        self.cluster.remove_cluster_policy(name);
        self.refresh_subjects(&[before]);
    }

    pub(crate) fn apply_node(&mut self, node: &Node) {
        if self.cluster.apply_node(node) {
            self.refresh_nodes();
        }
    }

    pub(crate) fn remove_node(&mut self, name: &str) {
        self.cluster.remove_node(name);
        self.refresh_nodes();
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.tracked.rules
    }

    /// What differs from what the kernel has; from now on, the kernel has it.
    pub(crate) fn take_pending(&mut self) -> Pending {
        std::mem::take(&mut self.tracked.pending)
    }

    /// Whether members of a set may be denied something.
    pub(crate) fn denies(&self, set: Id) -> bool {
        self.references.denies(set)
    }

    /// Removes the profiles that have had no reference since the last sweep, and their sets.
    pub(crate) fn sweep(&mut self) {
        self.references.sweep(&mut self.tracked);
    }

    /// Removes everything without references.
    pub(crate) fn sweep_all(&mut self) {
        self.references.sweep_all(&mut self.tracked);
    }

    /// The number of profiles without references.
    pub(crate) fn idle(&self) -> usize {
        self.references.idle()
    }

    /// Whether something waits to be swept.
    pub(crate) fn has_idle(&self) -> bool {
        self.references.has_idle()
    }

    fn addresses(&self, pod: &ObjectName) -> BTreeSet<IpAddr> {
        let pod = self.cluster.pod(pod);
        pod.into_iter().flat_map(|pod| pod.ips.iter().copied()).collect()
    }

    fn claimants(&self, addresses: &BTreeSet<IpAddr>) -> BTreeSet<ObjectName> {
        let claimants = addresses
            .iter()
            .flat_map(|address| self.cluster.claimants(*address));
        claimants.cloned().collect()
    }

    /// Computes the pods of a namespace again; with `own_only` only those of the node. A policy changes
    /// profiles, which only they have; labels of a namespace change the members of sets, too.
    fn refresh_namespace(&mut self, namespace: &Arc<str>, own_only: bool) {
        let pods = self.cluster.pods_of(namespace);
        let pods = pods.filter(|pod| !own_only || pod.node_name == self.node);
        let names = pods.map(|pod| pod.object_name()).collect();
        self.refresh(names);
    }

    fn subject(&self, policy: &ObjectName) -> Option<PodPeer> {
        let policy = self.cluster.cluster_policy(policy)?;
        Some(policy.subject.clone())
    }

    /// Computes the pods of the node again that any of these subjects matches.
    fn refresh_subjects(&mut self, subjects: &[Option<PodPeer>]) {
        let own = self.cluster.all_pods().filter(|pod| pod.node_name == self.node);
        let meant = own.filter(|pod| {
            let labels = self.cluster.labels(&pod.metadata.namespace);
            let mut subjects = subjects.iter().flatten();
            subjects.any(|subject| subject.matches(pod, labels))
        });
        let names = meant.map(|pod| pod.object_name()).collect();
        self.refresh(names);
    }

    /// Computes the sets of node addresses again.
    fn refresh_nodes(&mut self) {
        let sets = self.tracked.rules.sets.iter();
        let sets = sets.filter(|(_, set)| matches!(set.kind, SetKind::Nodes(_)));
        let sets: Vec<_> = sets.map(|(id, set)| (*id, set.clone())).collect();
        for (id, before) in sets {
            let now = filled(before.kind, &self.cluster).members;
            for member in before.members.difference(&now) {
                self.tracked.set(Slot::Member(id, *member), None);
            }
            for member in now {
                self.tracked.set(Slot::Member(id, member), Some(None));
            }
        }
    }

    /// Computes pods again.
    fn refresh(&mut self, names: BTreeSet<ObjectName>) {
        let mut changes = Vec::new();
        for name in names {
            let after = Contribution::of(&self.cluster, &name, &self.node);
            let before = self.contributions.remove(&name).unwrap_or_default();
            // Before the old references are dropped, so that what both have does not become idle.
            for (id, profile) in &after.profiles {
                let (tracked, cluster) = (&mut self.tracked, &self.cluster);
                self.references.acquire(*id, profile, tracked, cluster);
            }
            changes.push((name, before, after));
        }
        // All removals come first: an address that one of the pods had may belong to another one now.
        for (name, before, _) in &changes {
            before.remove(name, &mut self.tracked, &self.references);
        }
        for (name, _, after) in &changes {
            after.add(name, &self.cluster, &mut self.tracked, &self.references);
        }
        for (name, before, after) in changes {
            before
                .profiles
                .iter()
                .for_each(|(id, _)| self.references.release(*id));
            if after != Contribution::default() {
                self.contributions.insert(name, after);
            }
        }
    }
}
