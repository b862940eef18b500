//! The core: objects of the cluster in, batches for the kernel out.

use std::sync::Arc;

use kinglet_model::{Namespace, NetworkPolicy, ObjectName, Pod};
use kinglet_nft::{Batch, Family, Ownership, Ruleset, Table};

use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::lower::TABLE;
use crate::problem::Problem;
use crate::rules::Rules;
use crate::settings::Settings;

/// The policies of a cluster as one node enforces them.
#[derive(Debug)]
pub struct Policies {
    settings: Settings,
    table: Table,
    engine: Engine,
    problems: Vec<Problem>,
}

impl Policies {
    /// No objects yet.
    pub fn new(settings: Settings, ownership: Ownership) -> Self {
        Self {
            engine: Engine::new(settings.node.clone()),
            settings,
            table: Table::new(Family::Inet, TABLE).ownership(ownership),
            problems: Vec::new(),
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

    /// The batch that brings the kernel from the last batch to the present objects; empty if nothing changed. If it cannot be committed,
    /// [`replacement`](Self::replacement) is next.
    pub fn changes(&mut self) -> Batch {
        let touched = self.engine.take_touched();
        self.engine.rules.changes(&touched, &self.table)
    }

    /// The batch that puts the rules of the present objects in the place of whatever the table holds, at one instant.
    pub fn replacement(&mut self) -> Batch {
        self.engine.take_touched();
        self.ruleset().replace()
    }

    /// All that the table is to hold.
    pub fn ruleset(&self) -> Ruleset {
        self.engine.rules.ruleset(&self.table, &self.settings)
    }

    /// What the node enforces.
    pub fn rules(&self) -> &Rules {
        &self.engine.rules
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
