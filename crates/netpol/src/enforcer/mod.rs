//! The policies and the kernel's table that they are written to. Everything here blocks as long as the kernel
//! works.

mod count;
mod judge;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use kinglet_kube::Change;
use kinglet_model::Object as _;
use kinglet_nft::{Difference, Entry, Error, Logged, Ownership, Value};
use kinglet_policy::{Denial, Effect, Policies, PolicySettings, Problem};

pub(crate) use count::DeniedCount;
pub(crate) use judge::{Judged, ends};

use crate::in_flight;
use crate::input::Input;
use crate::kernel::Tables;
use crate::starting::{StartedPod, StartingPods};

/// What there is after a commit.
#[derive(Debug)]
pub(crate) struct Committed {
    /// Whether there was something to commit.
    pub(crate) changed: bool,
    pub(crate) effect: Effect,
    /// Something waits for [`Enforcer::sweep`].
    pub(crate) has_idle: bool,
    /// There is more to do than one commit does: another one is due.
    pub(crate) is_behind: bool,
    pub(crate) policies: usize,
    /// Those that pods use.
    pub(crate) profiles: usize,
    /// Those that wait for [`Enforcer::sweep`].
    pub(crate) idle_profiles: usize,
    pub(crate) sets: usize,
}

/// The policies and the kernel's table that they are written to.
pub(crate) struct Enforcer {
    tables: Tables,
    policies: Policies,
    starting: StartingPods,
}

impl Enforcer {
    /// No objects yet; the kernel's table stays as it is until [`replace`](Self::replace).
    pub(crate) fn new(
        tables: Tables,
        settings: PolicySettings,
        ownership: Ownership,
        started: Vec<StartedPod>,
    ) -> Self {
        let policies = Policies::new(settings, ownership);
        Self {
            tables,
            policies,
            starting: StartingPods::new(started),
        }
    }

    /// Takes changes in. The kernel gets them with the next commit.
    pub(crate) fn apply(&mut self, inputs: Vec<Input>) {
        let policies = &mut self.policies;
        for input in inputs {
            match input {
                Input::Starting(pod) => {
                    self.starting.insert(&pod);
                    policies.apply_pod(pod);
                }
                Input::Pod(Change::Applied(pod)) => policies.apply_pod(self.starting.complete(pod)),
                Input::Pod(Change::Deleted(pod)) => {
                    self.starting.remove(&pod.object_name());
                    policies.remove_pod(&pod.object_name());
                }
                Input::Namespace(Change::Applied(namespace)) => policies.apply_namespace(&namespace),
                Input::Namespace(Change::Deleted(namespace)) => {
                    policies.remove_namespace(&namespace.metadata.name);
                }
                Input::Policy(Change::Applied(policy)) => policies.apply_policy(&policy),
                Input::Policy(Change::Deleted(policy)) => policies.remove_policy(&policy.object_name()),
                Input::ClusterPolicy(Change::Applied(policy)) => policies.apply_cluster_policy(&policy),
                Input::ClusterPolicy(Change::Deleted(policy)) => {
                    policies.remove_cluster_policy(&policy.object_name());
                }
                Input::Node(Change::Applied(node)) => policies.apply_node(&node),
                Input::Node(Change::Deleted(node)) => policies.remove_node(&node.metadata.name),
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

    /// Brings the kernel up to date by the difference, or closer to that if it is large. After an error it is
    /// not known what the kernel has: [`replace`](Self::replace) is next.
    pub(crate) fn commit(&mut self) -> Result<Committed, Error> {
        // Base chains and sets differ between address families: no difference leads there.
        if self.policies.families_changed() {
            return self.replace();
        }
        // New chains and sets go in a batch of their own: a packet sees the elements of maps as they are now,
        // but the rules of chains as they were when it entered the hook. Led to a chain of the same batch, it
        // would find that chain empty, and pass.
        let additions = self.policies.additions();
        self.tables.commit(&additions)?;
        let changes = self.policies.changes();
        self.tables.commit(&changes)?;
        Ok(self.committed(!additions.is_empty() || !changes.is_empty()))
    }

    /// Removes the chains and sets that nothing has led to since the last sweep.
    pub(crate) fn sweep(&mut self) -> Result<Committed, Error> {
        self.policies.sweep();
        self.commit()
    }

    /// Replaces whatever the table holds by the present rules.
    pub(crate) fn replace(&mut self) -> Result<Committed, Error> {
        // A packet that is in the old rules while the batch takes effect looks its addresses up in sets that
        // are just gone, and would pass. A second table of the same rules denies it. Without a table there
        // was nothing to protect.
        let guarded = self.tables.has_table()?;
        if guarded {
            self.tables.commit(&self.policies.guard())?;
        }
        let replacement = self.policies.replacement();
        self.tables.commit(&replacement)?;
        if guarded {
            // Some packets may still be in the old chains; the guard must outlive them.
            in_flight::drain();
        }
        // Always: a run that was killed halfway has left its guard.
        self.tables.commit(&self.policies.unguard())?;
        Ok(self.committed(true))
    }

    /// What of the kernel's table is not as it was committed, because another program changed it.
    pub(crate) fn compare(&mut self) -> Result<BTreeSet<Difference>, Error> {
        self.tables.differences(&self.policies.ruleset())
    }

    /// Why logged packets were denied.
    pub(crate) fn denials(&self, packets: &[Logged]) -> Vec<Denial> {
        packets
            .iter()
            .filter_map(|packet| self.policies.denial(packet))
            .collect()
    }

    /// How many packets pods were denied.
    pub(crate) fn count_denied(&mut self) -> Result<Vec<DeniedCount>, Error> {
        let mut counts = Vec::new();
        for (direction, set) in self.policies.denied() {
            for element in self.tables.elements(&set)? {
                let address = element.key.0.first().and_then(Value::ip);
                let (Some(pod), Some((packets, _octets))) = (address, element.counter) else {
                    continue;
                };
                let owner = self.policies.cluster().owner(pod);
                counts.push(DeniedCount {
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
        judge::judge(entries, &self.policies, &judge::own_addresses())
    }

    /// Removes what kube-router left. Returns the names of what it was in.
    pub(crate) fn remove_leftovers(&mut self) -> Result<Vec<String>, Error> {
        self.tables.remove_leftovers()
    }

    fn committed(&mut self, changed: bool) -> Committed {
        let (size, idle_profiles) = (self.policies.rules().size(), self.policies.idle());
        Committed {
            changed,
            effect: self.policies.take_effect(),
            has_idle: self.policies.has_idle(),
            is_behind: self.policies.is_behind(),
            policies: self.policies.cluster().policy_count(),
            profiles: size.profiles.saturating_sub(idle_profiles),
            idle_profiles,
            sets: size.sets,
        }
    }
}
