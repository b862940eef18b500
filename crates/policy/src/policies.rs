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
use crate::settings::Settings;

/// The policies of a cluster as one node enforces them.
#[derive(Debug)]
pub struct Policies {
    settings: Settings,
    table: Table,
    /// What the kernel's table has rules for.
    families: Families,
    engine: Engine,
    problems: Vec<Problem>,
    effect: Effect,
}

impl Policies {
    /// No objects yet.
    pub fn new(settings: Settings, ownership: Ownership) -> Self {
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

    /// Takes a pod that is new or changed.
    pub fn apply_pod(&mut self, pod: Arc<Pod>) {
        self.engine.apply_pod(pod);
    }

    /// Forgets a pod.
    pub fn remove_pod(&mut self, name: &ObjectName) {
        self.engine.remove_pod(name);
    }

    /// Takes a namespace that is new or changed.
    pub fn apply_namespace(&mut self, namespace: &Namespace) {
        self.engine.apply_namespace(namespace);
    }

    /// Forgets a namespace. Its pods and policies are objects of their own.
    pub fn remove_namespace(&mut self, name: &str) {
        self.engine.remove_namespace(name);
    }

    /// Takes a policy that is new or changed.
    pub fn apply_policy(&mut self, policy: &NetworkPolicy) {
        let problems = self.engine.apply_policy(policy);
        self.problems.extend(problems);
    }

    /// Forgets a policy.
    pub fn remove_policy(&mut self, name: &ObjectName) {
        self.engine.remove_policy(name);
    }

    /// Takes a policy of the cluster that is new or changed.
    pub fn apply_cluster_policy(&mut self, policy: &ClusterNetworkPolicy) {
        let problems = self.engine.apply_cluster_policy(policy);
        self.problems.extend(problems);
    }

    /// Forgets a policy of the cluster.
    pub fn remove_cluster_policy(&mut self, name: &ObjectName) {
        self.engine.remove_cluster_policy(name);
    }

    /// Takes a node that is new or changed.
    pub fn apply_node(&mut self, node: &Node) {
        self.engine.apply_node(node);
    }

    /// Forgets a node.
    pub fn remove_node(&mut self, name: &str) {
        self.engine.remove_node(name);
    }

    /// Whether the table is written for other address families than pods have now: the first pod has an
    /// address of a family, or the last one that had is gone. Then [`replacement`](Self::replacement) is
    /// next.
    pub fn is_outgrown(&self) -> bool {
        self.families != Families::of(self.engine.rules(), &self.settings)
    }

    /// The batch of chains and sets that are new since the last batch, to be committed by itself before
    /// [`changes`](Self::changes). Without it a packet could be led to a chain before it sees its rules: the
    /// kernel looks sets up as they are at the moment, rules as they were when it began with the packet.
    /// Empty if the table is [outgrown](Self::is_outgrown).
    pub fn additions(&mut self) -> Batch {
        if self.is_outgrown() {
            return Batch::new();
        }
        let target = TableTarget::new(&self.table, self.families);
        let TrackedRules { rules, pending } = &mut self.engine.tracked;
        rules.additions(pending, target)
    }

    /// The batch that brings the kernel from the last batch to the present objects; empty if nothing changed.
    /// If it cannot be committed, [`replacement`](Self::replacement) is next; if the table is
    /// [outgrown](Self::is_outgrown), this is it.
    pub fn changes(&mut self) -> Batch {
        if self.is_outgrown() {
            return self.replacement();
        }
        let pending = self.engine.take_pending();
        self.effect |= self.engine.effect(&pending);
        let target = TableTarget::new(&self.table, self.families);
        self.engine.rules().changes(&pending, target)
    }

    /// What changes have done to permissions since this was last asked for.
    pub fn take_effect(&mut self) -> Effect {
        std::mem::take(&mut self.effect)
    }

    /// Lets go of chains and sets to which nothing has led since the last sweep; the next
    /// [`changes`](Self::changes) remove them. Between two sweeps must be more time than a packet takes, so
    /// that none is in such a chain.
    pub fn sweep(&mut self) {
        self.engine.sweep();
    }

    /// Whether there is something for [`sweep`](Self::sweep) to remove, now or the next time.
    pub fn has_idle(&self) -> bool {
        self.engine.has_idle()
    }

    /// The batch that puts the rules of the present objects in the place of whatever the table holds. Packets
    /// that are on their way see neither; between [`guard`](Self::guard) and [`unguard`](Self::unguard) that
    /// lets none of them pass.
    pub fn replacement(&mut self) -> Batch {
        self.engine.sweep_all();
        self.engine.take_pending();
        self.effect = Effect::ALL;
        self.families = Families::of(self.engine.rules(), &self.settings);
        self.ruleset().replace()
    }

    /// The batch that enforces the present rules in a second table, [`GUARD`].
    pub fn guard(&self) -> Batch {
        let mut ruleset = self.ruleset();
        GUARD.clone_into(&mut ruleset.table.name);
        ruleset.replace()
    }

    /// The batch that removes the second table, whether it is there or not.
    pub fn unguard(&self) -> Batch {
        let mut table = self.table.clone();
        GUARD.clone_into(&mut table.name);
        let mut batch = Batch::new();
        batch.add_table(&table).delete_table(&table);
        batch
    }

    /// Whether the node lets a packet pass.
    pub fn allow(&self, packet: &Packet) -> bool {
        self.engine.rules().allow(packet, &self.settings)
    }

    /// What is policed.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All that the table is to hold.
    pub fn ruleset(&self) -> Ruleset {
        let families = Families::of(self.engine.rules(), &self.settings);
        let target = TableTarget::new(&self.table, families);
        self.engine.rules().ruleset(target, &self.settings)
    }

    /// What the node enforces.
    pub fn rules(&self) -> &Rules {
        self.engine.rules()
    }

    /// What is known of the cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.engine.cluster
    }

    /// Problems of policies that had not been there before.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }
}
