//! The objects of the cluster that policies select or that select.

mod addresses;
mod names;
mod nodes;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{
    ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Object, ObjectName, Pod, Selector,
};

use crate::checked::{ClusterPolicy, Direction, Policy, Tier};
use crate::labels::Labels;
use crate::problem::Problem;
use addresses::Addresses;
use nodes::Nodes;

/// The label by which every namespace can be selected. The API server sets it; namespaces in manifests do not
/// have it yet.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Pods, namespaces, nodes and policies, and which pod owns an address.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    namespaces: BTreeMap<Arc<str>, Labels>,
    pods: BTreeMap<ObjectName, Arc<Pod>>,
    policies: BTreeMap<ObjectName, Arc<Policy>>,
    cluster_policies: BTreeMap<ObjectName, Arc<ClusterPolicy>>,
    nodes: Nodes,
    problems: BTreeMap<ObjectName, BTreeSet<Problem>>,
    addresses: Addresses,
}

impl Cluster {
    /// Applies a namespace that is new or changed.
    pub fn apply_namespace(&mut self, namespace: &Namespace) {
        let metadata = &namespace.metadata;
        let mut labels = metadata.labels.clone();
        labels.insert(NAME_LABEL.into(), (&*metadata.name).into());
        self.namespaces.insert(metadata.name.clone(), labels);
    }

    /// Removes a namespace. As long as it is not known, no `namespaceSelector` matches it.
    pub fn remove_namespace(&mut self, name: &str) {
        self.namespaces.remove(name);
    }

    /// Whether a namespace is known.
    pub fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.contains_key(name)
    }

    /// Applies a pod that is new or changed.
    pub fn apply_pod(&mut self, pod: Arc<Pod>) {
        let name = pod.object_name();
        // Gives back addresses that the pod had before.
        self.remove_pod(&name);
        if has_own_addresses(&pod) {
            self.addresses.claim(&pod);
        }
        self.pods.insert(name, pod);
    }

    /// Removes a pod.
    pub fn remove_pod(&mut self, name: &ObjectName) {
        if let Some(before) = self.pods.remove(name) {
            self.addresses.release(&before);
        }
    }

    /// Applies a policy that is new or changed; returns the problems that it did not have before.
    pub fn apply_policy(&mut self, policy: &NetworkPolicy) -> Vec<Problem> {
        let name = policy.object_name();
        let mut found = Vec::new();
        match Policy::check(policy, &mut found) {
            Some(checked) => replace(&mut self.policies, &name, checked),
            // The last valid version is not what the API has any more.
            None => _ = self.policies.remove(&name),
        }
        self.note(name, found)
    }

    /// The problems that a policy did not have before.
    fn note(&mut self, name: ObjectName, found: Vec<Problem>) -> Vec<Problem> {
        let found: BTreeSet<_> = found.into_iter().collect();
        let before = self.problems.insert(name, found.clone()).unwrap_or_default();
        found.difference(&before).cloned().collect()
    }

    /// Removes a policy.
    pub fn remove_policy(&mut self, name: &ObjectName) {
        self.policies.remove(name);
        self.problems.remove(name);
    }

    /// Applies a ClusterNetworkPolicy that is new or changed; returns the problems that it did not have
    /// before.
    pub fn apply_cluster_policy(&mut self, policy: &ClusterNetworkPolicy) -> Vec<Problem> {
        let name = policy.object_name();
        let mut found = Vec::new();
        match ClusterPolicy::check(policy, &mut found) {
            Some(checked) => replace(&mut self.cluster_policies, &name, checked),
            None => _ = self.cluster_policies.remove(&name),
        }
        self.note(name, found)
    }

    /// Removes a ClusterNetworkPolicy.
    pub fn remove_cluster_policy(&mut self, name: &ObjectName) {
        self.cluster_policies.remove(name);
        self.problems.remove(name);
    }

    /// Applies a node that is new or changed. Returns whether its labels or addresses are others than before.
    pub fn apply_node(&mut self, node: &Node) -> bool {
        self.nodes.apply(node)
    }

    /// Removes a node.
    pub fn remove_node(&mut self, name: &str) {
        self.nodes.remove(name);
    }

    /// The number of valid policies of both kinds.
    pub fn policy_count(&self) -> usize {
        self.policies.len() + self.cluster_policies.len()
    }

    /// A pod by name.
    pub fn pod(&self, name: &ObjectName) -> Option<&Arc<Pod>> {
        self.pods.get(name)
    }

    /// The pod that owns an address. Pods on their node's network and finished ones own none; of several pods
    /// that claim an address, the newest owns it.
    pub fn owner(&self, address: IpAddr) -> Option<&Arc<Pod>> {
        self.pods.get(self.addresses.owner(address)?)
    }

    /// All pods, by name.
    pub fn all_pods(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.values()
    }

    pub(crate) fn pods_of(&self, namespace: &Arc<str>) -> impl Iterator<Item = &Arc<Pod>> {
        in_namespace(&self.pods, namespace)
    }

    /// Labels of a namespace, if it is known.
    pub(crate) fn labels(&self, namespace: &str) -> Option<&Labels> {
        self.namespaces.get(namespace)
    }

    /// Names of the pods that claim an address.
    pub(crate) fn claimants(&self, address: IpAddr) -> impl Iterator<Item = &ObjectName> {
        self.addresses.claimants(address)
    }

    /// The addresses that a pod owns.
    pub(crate) fn owned(&self, pod: &Pod) -> BTreeSet<IpAddr> {
        let name = pod.object_name();
        let ips = pod.ips.iter().copied();
        ips.filter(|address| self.addresses.owner(*address) == Some(&name))
            .collect()
    }

    /// The policies that isolate a pod in a direction.
    pub(crate) fn isolating<'a>(
        &'a self,
        pod: &'a Pod,
        direction: Direction,
    ) -> impl Iterator<Item = &'a Arc<Policy>> {
        let policies = in_namespace(&self.policies, &pod.metadata.namespace);
        policies.filter(move |policy| {
            policy.rules(direction).is_some() && policy.pods.matches(&pod.metadata.labels)
        })
    }
}

impl Cluster {
    /// The policies of a tier that select a pod, in the order of evaluation.
    pub(crate) fn of_tier<'a>(&'a self, pod: &Pod, tier: Tier) -> Vec<&'a Arc<ClusterPolicy>> {
        let labels = self.labels(&pod.metadata.namespace);
        let policies = self.cluster_policies.values();
        let mut policies: Vec<_> = policies
            .filter(|policy| policy.tier == tier && policy.subject.matches(pod, labels))
            .collect();
        // A stable sort keeps the order by name where priorities are equal, so that all nodes agree.
        policies.sort_by_key(|policy| policy.priority);
        policies
    }

    /// A NetworkPolicy. As long as its content stays the same, it is the same value.
    pub(crate) fn policy(&self, name: &ObjectName) -> Option<&Arc<Policy>> {
        self.policies.get(name)
    }

    /// A ClusterNetworkPolicy.
    pub(crate) fn cluster_policy(&self, name: &ObjectName) -> Option<&Arc<ClusterPolicy>> {
        self.cluster_policies.get(name)
    }

    /// Whether an address is in the status of a node.
    pub fn is_of_node(&self, address: IpAddr) -> bool {
        self.nodes.has(address)
    }

    /// Addresses of the nodes that a selector matches.
    pub(crate) fn node_addresses(&self, selector: &Selector) -> BTreeSet<IpAddr> {
        self.nodes.addresses(selector)
    }
}

/// Whether a pod has addresses of its own: policies select no others. A pod on its node's network shares the
/// node's addresses, and those of a finished pod may belong to another one.
fn has_own_addresses(pod: &Pod) -> bool {
    !pod.host_network && !pod.is_finished()
}

/// Puts an object in the place of another one, unless they are equal: what was made of it is found again.
fn replace<T: PartialEq>(objects: &mut BTreeMap<ObjectName, Arc<T>>, name: &ObjectName, object: T) {
    match objects.get(name) {
        Some(before) if **before == object => {}
        _ => _ = objects.insert(name.clone(), Arc::new(object)),
    }
}

fn in_namespace<'a, T>(
    objects: &'a BTreeMap<ObjectName, T>,
    namespace: &Arc<str>,
) -> impl Iterator<Item = &'a T> + use<'a, T> {
    let first = ObjectName {
        namespace: namespace.clone(),
        name: Arc::default(),
    };
    let namespace = namespace.clone();
    // Names are ordered by namespace, so that only the objects of one are looked at.
    let inside = objects.range(first..);
    let inside = inside.take_while(move |(name, _)| name.namespace == namespace);
    inside.map(|(_, object)| object)
}
