//! Rules kept up to date, change by change.

mod contribution;
mod pending;
mod queue;
mod references;
mod tracked;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Object, ObjectName, Pod};

use crate::cluster::Cluster;
use crate::compile::{Compiler, filled};
use crate::problem::Problem;
use crate::rules::{Id, Rules, SetKind, SharedProfile};
use contribution::Contribution;
pub(crate) use pending::{Content, Pending, Slot};
use queue::PodQueue;
use references::References;
pub(crate) use tracked::TrackedRules;

/// Most profiles that are removed at a time.
const REMOVALS: usize = 64;

/// The rules of a node, the cluster that they follow, and what of them the kernel does not have yet.
///
/// What changes at a pod or namespace is computed at once: which pod has an address, and which one is in a
/// set. The profiles of pods whose policies changed wait for [`advance`](Self::advance): however many
/// policies of a pod change, they are computed once, and those of one pod do not keep the others waiting.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    node: Arc<str>,
    pub(crate) cluster: Cluster,
    pub(crate) tracked: TrackedRules,
    contributions: HashMap<ObjectName, Contribution>,
    references: References,
    compiler: Compiler,
    queue: PodQueue,
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
            self.refresh_namespace(&name);
        }
    }

    pub(crate) fn remove_namespace(&mut self, name: &str) {
        self.cluster.remove_namespace(name);
        self.refresh_namespace(&name.into());
    }

    pub(crate) fn apply_policy(&mut self, policy: &NetworkPolicy) -> Vec<Problem> {
        self.changed_policy(&policy.object_name(), |cluster| cluster.apply_policy(policy))
    }

    pub(crate) fn remove_policy(&mut self, name: &ObjectName) {
        self.changed_policy(name, |cluster| cluster.remove_policy(name));
    }

    pub(crate) fn apply_cluster_policy(&mut self, policy: &ClusterNetworkPolicy) -> Vec<Problem> {
        let name = policy.object_name();
        self.changed_cluster_policy(&name, |cluster| cluster.apply_cluster_policy(policy))
    }

    pub(crate) fn remove_cluster_policy(&mut self, name: &ObjectName) {
        self.changed_cluster_policy(name, |cluster| cluster.remove_cluster_policy(name));
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

    /// Gives up the profiles that have had no reference since the last sweep, and removes some of them.
    pub(crate) fn sweep(&mut self) {
        self.references.sweep();
        self.references.remove_some(REMOVALS, &mut self.tracked);
        self.compiler.forget_unused();
    }

    /// Removes everything without references.
    pub(crate) fn sweep_all(&mut self) {
        self.references.sweep_all(&mut self.tracked);
        self.compiler.forget_unused();
    }

    /// The number of profiles without references.
    pub(crate) fn idle(&self) -> usize {
        self.references.idle()
    }

    /// Whether something waits to be swept.
    pub(crate) fn has_idle(&self) -> bool {
        self.references.has_idle()
    }

    /// Computes profiles that wait, until about so many rules were made, or all of them; removes some that
    /// were given up.
    pub(crate) fn advance(&mut self, rules: Option<usize>) {
        self.references.remove_some(REMOVALS, &mut self.tracked);
        self.compiler.limit(rules);
        // Each pod once: what one takes beyond its share, it takes in the next round.
        for _ in 0..self.queue.len() {
            if self.compiler.is_exhausted() {
                break;
            }
            let Some(name) = self.queue.pop() else { break };
            self.compute(name);
        }
        self.compiler.limit(None);
    }

    /// Whether something waits for [`advance`](Self::advance).
    pub(crate) fn is_behind(&self) -> bool {
        self.queue.len() > 0 || self.references.has_leaving()
    }

    /// How many policies were compiled, each as often as that was done.
    pub(crate) fn compiled(&self) -> usize {
        self.compiler.compiled()
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

    /// Computes the pods of a namespace again, whose labels changed.
    fn refresh_namespace(&mut self, namespace: &Arc<str>) {
        let pods = self.cluster.pods_of(namespace);
        let names = pods.map(|pod| pod.object_name()).collect();
        self.refresh(names);
    }

    /// Changes a policy. The pods of the node wait that it selected before, or selects now.
    fn changed_policy<T>(&mut self, name: &ObjectName, change: impl FnOnce(&mut Cluster) -> T) -> T {
        let before = self.cluster.policy(name).cloned();
        let changed = change(&mut self.cluster);
        let now = self.cluster.policy(name).cloned();
        if before != now {
            let selects = |pod: &Pod| {
                let mut policies = before.iter().chain(&now);
                policies.any(|policy| policy.pods.matches(&pod.metadata.labels))
            };
            let pods = self.cluster.pods_of(&name.namespace);
            let own = pods.filter(|pod| pod.node_name == self.node && selects(pod));
            own.for_each(|pod| self.queue.push(pod.object_name()));
        }
        changed
    }

    fn changed_cluster_policy<T>(&mut self, name: &ObjectName, change: impl FnOnce(&mut Cluster) -> T) -> T {
        let before = self.cluster.cluster_policy(name).cloned();
        let changed = change(&mut self.cluster);
        let now = self.cluster.cluster_policy(name).cloned();
        if before != now {
            let selects = |pod: &Pod| {
                let labels = self.cluster.labels(&pod.metadata.namespace);
                let mut policies = before.iter().chain(&now);
                policies.any(|policy| policy.subject.matches(pod, labels))
            };
            let own = self.cluster.all_pods().filter(|pod| pod.node_name == self.node);
            own.filter(|pod| selects(pod))
                .for_each(|pod| self.queue.push(pod.object_name()));
        }
        changed
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

    /// Computes the profiles of a pod whose policies changed.
    fn compute(&mut self, name: ObjectName) {
        let Some(pod) = self.cluster.pod(&name).cloned() else {
            return;
        };
        let profiles = match self.contributions.get(&name) {
            Some(contribution) if !contribution.owned.is_empty() => {
                self.compiler.profiles(&self.cluster, &pod)
            }
            _ => Ok(Vec::new()),
        };
        let fresh = self.compiler.take_fresh();
        let Ok(profiles) = profiles else {
            // They come to the kernel now, so that the last batch is no longer than the others.
            fresh.iter().for_each(|part| self.acquire(part));
            self.queue.push_again(name, fresh.into_iter().map(|(id, _)| id));
            return;
        };
        profiles.iter().for_each(|profile| self.acquire(profile));
        let before = match self.contributions.get_mut(&name) {
            Some(contribution) => {
                contribution.lead_to(&profiles, &mut self.tracked);
                std::mem::replace(&mut contribution.profiles, profiles)
            }
            None => Vec::new(),
        };
        self.release(&name, &before);
    }

    fn acquire(&mut self, profile: &SharedProfile) {
        self.references.acquire(profile, &mut self.tracked, &self.cluster);
    }

    /// Drops what a pod had before, after it has what it needs now: what both have does not become idle.
    fn release(&mut self, name: &ObjectName, before: &[SharedProfile]) {
        let parts = self.queue.finish(name);
        let before = before.iter().map(|(id, _)| *id);
        before.chain(parts).for_each(|id| self.references.release(id));
    }

    /// Computes pods again.
    fn refresh(&mut self, names: BTreeSet<ObjectName>) {
        let mut changes = Vec::new();
        for name in names {
            let after = self.contribution(&name);
            let before = self.contributions.remove(&name).unwrap_or_default();
            after.profiles.iter().for_each(|profile| self.acquire(profile));
            changes.push((name, before, after));
        }
        self.compiler.take_fresh();
        // All removals come first: an address that one of the pods had may belong to another one now.
        for (name, before, _) in &changes {
            before.remove(name, &mut self.tracked, &self.references);
        }
        for (name, _, after) in &changes {
            after.add(name, &self.cluster, &mut self.tracked, &self.references);
        }
        for (name, before, after) in changes {
            self.release(&name, &before.profiles);
            if after != Contribution::default() {
                self.contributions.insert(name, after);
            }
        }
    }

    fn contribution(&mut self, name: &ObjectName) -> Contribution {
        let Some(pod) = self.cluster.pod(name).cloned() else {
            return Contribution::default();
        };
        let owned = self.cluster.owned(&pod);
        let own = !owned.is_empty() && pod.node_name == self.node;
        // Without a limit nothing is left out.
        let profiles = own.then(|| self.compiler.profiles(&self.cluster, &pod).unwrap_or_default());
        Contribution {
            owned,
            profiles: profiles.unwrap_or_default(),
        }
    }
}
