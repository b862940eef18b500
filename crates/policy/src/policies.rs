//! The core: objects of the cluster in, batches for the kernel out.

use std::sync::Arc;

use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, ObjectName, Pod};
use kinglet_nft::{Batch, Family, Ownership, Ruleset, Table};

use crate::cluster::Cluster;
use crate::effect::Effect;
use crate::engine::{Engine, TrackedRules};
use crate::lower::{Families, GUARD, TABLE, TableTarget};
use crate::packet::Packet;
use crate::problem::Problem;
use crate::rules::Rules;
use crate::settings::PolicySettings;

/// About how many rules are made for one batch: some milliseconds of work for this process and the kernel.
const SLICE: usize = 2048;

/// The policies of a cluster as one node enforces them, and the batches for its kernel.
#[derive(Debug)]
pub struct Policies {
    settings: PolicySettings,
    table: Table,
    /// The address families for which the kernel's table has rules.
    families: Families,
    engine: Engine,
    problems: Vec<Problem>,
    effect: Effect,
}

impl Policies {
    /// No objects yet.
    pub fn new(settings: PolicySettings, ownership: Ownership) -> Self {
        let engine = Engine::new(settings.node.clone());
        Self {
            families: Families::of(engine.rules(), &settings),
            engine,
            settings,
            table: Table::new(Family::Inet, TABLE).ownership(ownership),
            problems: Vec::new(),
            effect: Effect::default(),
        }
    }

    /// Applies a pod that is new or changed.
    pub fn apply_pod(&mut self, pod: Arc<Pod>) {
        self.engine.apply_pod(pod);
    }

    /// Removes a pod.
    pub fn remove_pod(&mut self, name: &ObjectName) {
        self.engine.remove_pod(name);
    }

    /// Applies a namespace that is new or changed.
    pub fn apply_namespace(&mut self, namespace: &Namespace) {
        self.engine.apply_namespace(namespace);
    }

    /// Removes a namespace. Its pods and policies are objects of their own.
    pub fn remove_namespace(&mut self, name: &str) {
        self.engine.remove_namespace(name);
    }

    /// Applies a policy that is new or changed.
    pub fn apply_policy(&mut self, policy: &NetworkPolicy) {
        let problems = self.engine.apply_policy(policy);
        self.problems.extend(problems);
    }

    /// Removes a policy.
    pub fn remove_policy(&mut self, name: &ObjectName) {
        self.engine.remove_policy(name);
    }

    /// Applies a ClusterNetworkPolicy that is new or changed.
    pub fn apply_cluster_policy(&mut self, policy: &ClusterNetworkPolicy) {
        let problems = self.engine.apply_cluster_policy(policy);
        self.problems.extend(problems);
    }

    /// Removes a ClusterNetworkPolicy.
    pub fn remove_cluster_policy(&mut self, name: &ObjectName) {
        self.engine.remove_cluster_policy(name);
    }

    /// Applies a node that is new or changed.
    pub fn apply_node(&mut self, node: &Node) {
        self.engine.apply_node(node);
    }

    /// Removes a node.
    pub fn remove_node(&mut self, name: &str) {
        self.engine.remove_node(name);
    }

    /// Whether the kernel's table has rules for other address families than pods have now: the first pod with
    /// an address of a family came, or the last one went. Then the table must be
    /// [replaced](Self::replacement).
    pub fn families_changed(&self) -> bool {
        self.families != Families::of(self.engine.rules(), &self.settings)
    }

    /// The batch of chains and sets that are new since the last batch. Commit it before, and apart from,
    /// [`changes`](Self::changes): within one batch a packet could find the new element of a map and follow
    /// it to a chain whose rules it does not see yet. The kernel looks elements up in their present state,
    /// but evaluates the rules of the generation in which it began with the packet. Empty if the
    /// [families changed](Self::families_changed).
    ///
    /// Computes the profiles of pods whose policies changed, as far as a batch should go: see
    /// [`is_behind`](Self::is_behind).
    pub fn additions(&mut self) -> Batch {
        // The whole table is replaced then.
        if self.families_changed() {
            return Batch::new();
        }
        self.engine.advance(Some(SLICE));
        let target = TableTarget::new(&self.table, self.families);
        let TrackedRules { rules, pending } = &mut self.engine.tracked;
        rules.additions(pending, target)
    }

    /// The batch that brings the kernel from the last batch to the present objects; empty if nothing changed.
    /// If the kernel refuses it, commit a [`replacement`](Self::replacement). If the
    /// [families changed](Self::families_changed), this is a replacement already.
    pub fn changes(&mut self) -> Batch {
        if self.families_changed() {
            return self.replacement();
        }
        let pending = self.engine.take_pending();
        // Effects add up until connections were compared with the rules: a batch that fails loses none.
        self.effect |= self.engine.effect(&pending);
        let target = TableTarget::new(&self.table, self.families);
        self.engine.rules().changes(&pending, target)
    }

    /// Whether pods have rules that do not follow their policies yet: there was more to do than
    /// [`additions`](Self::additions) does at a time. So changes of other objects can come in between,
    /// however many policies a pod has.
    pub fn is_behind(&self) -> bool {
        self.engine.is_behind()
    }

    /// Computes all profiles of pods whose policies changed, however long that takes.
    pub fn settle(&mut self) {
        while self.engine.is_behind() {
            self.engine.advance(None);
        }
    }

    /// How many policies were compiled since the start, each as often as that was done: the measure of what
    /// changes cost.
    pub fn compiled(&self) -> usize {
        self.engine.compiled()
    }

    /// How changes have affected permissions since the last call.
    pub fn take_effect(&mut self) -> Effect {
        std::mem::take(&mut self.effect)
    }

    /// Gives up chains and sets without references since the last sweep; the next [`changes`](Self::changes)
    /// remove them. Leave more time between two sweeps than the kernel needs for a packet, so that no packet
    /// is on its way to such a chain.
    pub fn sweep(&mut self) {
        self.engine.sweep();
    }

    /// The number of profiles that no pod uses any more, and that are there until they are swept.
    pub fn idle(&self) -> usize {
        self.engine.idle()
    }

    /// Whether there is something for [`sweep`](Self::sweep) to remove, now or the next time.
    pub fn has_idle(&self) -> bool {
        self.engine.has_idle()
    }

    /// The batch that replaces the table by one with the rules of the present objects. A packet that the
    /// kernel handles meanwhile may see neither table. Commit [`guard`](Self::guard) before and
    /// [`unguard`](Self::unguard) after it, so that such a packet still meets a table that denies.
    pub fn replacement(&mut self) -> Batch {
        self.settle();
        // A new table has no chain on which a packet could still be.
        self.engine.sweep_all();
        // The batch holds everything, so that nothing is pending.
        self.engine.take_pending();
        // What the kernel has had is not known.
        self.effect = Effect::ALL;
        self.families = Families::of(self.engine.rules(), &self.settings);
        self.ruleset().replace()
    }

    /// The batch that enforces the present rules in a second table, [`GUARD`].
    pub fn guard(&mut self) -> Batch {
        // The rules of an earlier run may be in force, which know all policies.
        self.settle();
        let mut ruleset = self.ruleset();
        GUARD.clone_into(&mut ruleset.table.name);
        ruleset.replace()
    }

    /// The batch that removes the second table, whether it is there or not.
    pub fn unguard(&self) -> Batch {
        let mut table = self.table.clone();
        GUARD.clone_into(&mut table.name);
        let mut batch = Batch::new();
        // Deleting a table that is not there would fail the batch; adding one that is there changes nothing.
        batch.add_table(&table).delete_table(&table);
        batch
    }

    /// Whether the node lets a packet pass.
    pub fn allow(&self, packet: &Packet) -> bool {
        self.engine.rules().allow(packet, &self.settings)
    }

    /// The settings.
    pub fn settings(&self) -> &PolicySettings {
        &self.settings
    }

    /// The whole table as it should be.
    pub fn ruleset(&self) -> Ruleset {
        let families = Families::of(self.engine.rules(), &self.settings);
        let target = TableTarget::new(&self.table, families);
        self.engine.rules().ruleset(target, &self.settings)
    }

    /// What the node enforces.
    pub fn rules(&self) -> &Rules {
        self.engine.rules()
    }

    /// The objects of the cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.engine.cluster
    }

    /// Problems of policies that are new since the last call.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }
}
