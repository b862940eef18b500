//! The core and the kernel that it is for. Everything here blocks as long as the kernel works.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, Object, ObjectName, Pod};
use kinglet_nft::{Difference, Entry, Error, Logged, Ownership, Value};
use kinglet_policy::{Denial, Effect, Policies, Problem, Settings};

use crate::denied::Count;
use crate::flows::{self, Judged};
use crate::kernel::Tables;
use crate::packets;
use crate::starting::{Started, Starting};

/// A change of an object.
#[derive(Debug)]
pub(crate) enum Change {
    /// As it is about to start, with its addresses.
    Starting(Arc<Pod>),
    Pod(Arc<Pod>),
    NoPod(ObjectName),
    Namespace(Arc<Namespace>),
    NoNamespace(Arc<str>),
    Policy(Arc<NetworkPolicy>),
    NoPolicy(ObjectName),
    ClusterPolicy(Arc<ClusterNetworkPolicy>),
    NoClusterPolicy(ObjectName),
    Node(Arc<Node>),
    NoNode(Arc<str>),
}

/// What there is after a commit.
#[derive(Debug)]
pub(crate) struct Committed {
    /// Whether there was something to commit.
    pub(crate) changed: bool,
    pub(crate) effect: Effect,
    /// Something waits for [`Enforcer::sweep`].
    pub(crate) has_idle: bool,
    pub(crate) policies: usize,
    pub(crate) profiles: usize,
    pub(crate) sets: usize,
}

/// The core and the kernel that it is for.
pub(crate) struct Enforcer {
    tables: Tables,
    policies: Policies,
    starting: Starting,
}

impl Enforcer {
    /// No objects yet; the kernel's table stays as it is until [`replace`](Self::replace).
    pub(crate) fn new(
        tables: Tables,
        settings: Settings,
        ownership: Ownership,
        started: Vec<Started>,
    ) -> Self {
        let policies = Policies::new(settings, ownership);
        Self {
            tables,
            policies,
            starting: Starting::new(started),
        }
    }

    /// Takes changes into the core.
    pub(crate) fn take(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Starting(pod) => {
                    self.starting.begin(&pod);
                    self.policies.apply_pod(pod);
                }
                Change::Pod(pod) => {
                    let pod = self.starting.complete(pod);
                    self.policies.apply_pod(pod);
                }
                Change::NoPod(name) => {
                    self.starting.end(&name);
                    self.policies.remove_pod(&name);
                }
                Change::Namespace(namespace) => self.policies.apply_namespace(&namespace),
                Change::NoNamespace(name) => self.policies.remove_namespace(&name),
                Change::Policy(policy) => self.policies.apply_policy(&policy),
                Change::NoPolicy(name) => self.policies.remove_policy(&name),
                Change::ClusterPolicy(policy) => self.policies.apply_cluster_policy(&policy),
                Change::NoClusterPolicy(name) => self.policies.remove_cluster_policy(&name),
                Change::Node(node) => self.policies.apply_node(&node),
                Change::NoNode(name) => self.policies.remove_node(&name),
            }
        }
    }

    /// Problems of policies that had not been there before.
    pub(crate) fn take_problems(&mut self) -> Vec<Problem> {
        self.policies.take_problems()
    }

    /// Names of ports in policies that no pod has.
    pub(crate) fn unresolved(&self) -> BTreeSet<Problem> {
        self.policies.cluster().unresolved()
    }

    /// Brings the kernel up to date by the difference. After an error, what the kernel has is not what was
    /// thought: [`replace`](Self::replace) is next.
    pub(crate) fn change(&mut self) -> Result<Committed, Error> {
        if self.policies.is_outgrown() {
            return self.replace();
        }
        let additions = self.policies.additions();
        self.tables.commit(&additions)?;
        let changes = self.policies.changes();
        self.tables.commit(&changes)?;
        Ok(self.committed(!additions.is_empty() || !changes.is_empty()))
    }

    /// Removes what nothing has led to for as long as a sweep is ago.
    pub(crate) fn sweep(&mut self) -> Result<Committed, Error> {
        self.policies.sweep();
        self.change()
    }

    /// Puts the present rules in the place of whatever is there. A second table enforces them while the first
    /// is replaced.
    pub(crate) fn replace(&mut self) -> Result<Committed, Error> {
        let guarded = self.tables.has_table()?;
        if guarded {
            self.tables.commit(&self.policies.guard())?;
        }
        let replacement = self.policies.replacement();
        self.tables.commit(&replacement)?;
        if guarded {
            packets::pass();
        }
        // Also what a run that was killed left.
        self.tables.commit(&self.policies.unguard())?;
        Ok(self.committed(true))
    }

    /// What of the kernel's table is not as it was committed: somebody else changed it.
    pub(crate) fn compare(&mut self) -> Result<BTreeSet<Difference>, Error> {
        self.tables.differences(&self.policies.ruleset())
    }

    /// What logged packets were denied for.
    pub(crate) fn denials(&self, packets: &[Logged]) -> Vec<Denial> {
        packets
            .iter()
            .filter_map(|packet| self.policies.denial(packet))
            .collect()
    }

    /// How many packets pods were denied.
    pub(crate) fn count_denied(&mut self) -> Result<Vec<Count>, Error> {
        let mut counts = Vec::new();
        for (direction, set) in self.policies.denied() {
            for element in self.tables.elements(&set)? {
                let address = element.key.0.first().and_then(Value::ip);
                let (Some(pod), Some((packets, _octets))) = (address, element.counter) else {
                    continue;
                };
                let owner = self.policies.cluster().owner(pod);
                counts.push(Count {
                    direction,
                    pod,
                    namespace: owner.map(|pod| pod.metadata.namespace.clone()),
                    packets,
                });
            }
        }
        Ok(counts)
    }

    /// The bit that revokes connections, and the addresses whose connections matter.
    pub(crate) fn isolated(&self) -> (u32, HashSet<IpAddr>) {
        let isolated = self.policies.rules().isolated();
        (self.policies.settings().revoked, isolated.collect())
    }

    /// The changes of connections that make them fit the policies.
    pub(crate) fn judge(&self, entries: &[Entry]) -> (Vec<kinglet_nft::Change>, Judged) {
        flows::judge(entries, &self.policies, &flows::own_addresses())
    }

    /// Removes what kube-router left. Returns the names of what it was in.
    pub(crate) fn remove_leftovers(&mut self) -> Result<Vec<String>, Error> {
        self.tables.remove_leftovers()
    }

    fn committed(&mut self, changed: bool) -> Committed {
        let size = self.policies.rules().size();
        Committed {
            changed,
            effect: self.policies.take_effect(),
            has_idle: self.policies.has_idle(),
            policies: self.policies.cluster().policy_count(),
            profiles: size.profiles,
            sets: size.sets,
        }
    }
}

impl Change {
    pub(crate) fn no_pod(pod: &Pod) -> Self {
        Self::NoPod(pod.object_name())
    }

    pub(crate) fn no_policy(policy: &NetworkPolicy) -> Self {
        Self::NoPolicy(policy.object_name())
    }

    pub(crate) fn no_cluster_policy(policy: &ClusterNetworkPolicy) -> Self {
        Self::NoClusterPolicy(policy.object_name())
    }

    pub(crate) fn no_node(node: &Node) -> Self {
        Self::NoNode(node.metadata.name.clone())
    }

    pub(crate) fn no_namespace(namespace: &Namespace) -> Self {
        Self::NoNamespace(namespace.metadata.name.clone())
    }
}
