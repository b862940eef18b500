//! What users are told: Events on policies and on the Node, and the log.

use kinglet_kube::{ObjectReference, Recorder, Report, Severity};
use kinglet_model::{ClusterNetworkPolicy, Meta, NetworkPolicy, Node, ObjectName};
use kinglet_policy::Problem;

use crate::bridge::Unseen;
use crate::outside::Sources;

/// Tells of problems.
pub(crate) struct Reporter {
    pub(crate) recorder: Recorder,
    pub(crate) sources: Sources,
    /// The own Node.
    pub(crate) node: ObjectName,
}

impl Reporter {
    /// A part of a policy has no effect. All nodes see it; one of them writes the Event.
    pub(crate) fn problem(&self, problem: &Problem, is_speaker: bool) {
        tracing::warn!("{problem}");
        if let Some(regarding) = self.policy(problem).filter(|_| is_speaker) {
            self.warn(regarding, "InvalidPolicy", "Enforcing", problem.note());
        }
    }

    /// The policy that has a problem, unless it is gone.
    fn policy(&self, problem: &Problem) -> Option<ObjectReference> {
        let (sources, name) = (&self.sources, &problem.policy);
        if problem.is_of_cluster() {
            let policy = sources.cluster_policies.get(name)?;
            return Some(ObjectReference::of::<ClusterNetworkPolicy>(&policy.metadata));
        }
        let policy = sources.policies.get(name)?;
        Some(ObjectReference::of::<NetworkPolicy>(&policy.metadata))
    }

    /// Packets between pods of the node are not policed.
    pub(crate) fn unseen(&self, unseen: &Unseen) {
        tracing::error!("network policy: {unseen}");
        self.on_node("NetworkPolicyNotEnforced", unseen.to_string());
    }

    /// The kernel does not take the rules.
    pub(crate) fn refused(&self, error: &kinglet_nft::Error) {
        self.on_node(
            "NetworkPolicyNotEnforced",
            format!("the kernel refuses the rules: {error}"),
        );
    }

    fn on_node(&self, reason: &'static str, note: String) {
        let node = self.sources.nodes.get(&self.node);
        let meta = node.map_or_else(Meta::default, |node| node.metadata.clone());
        let regarding = ObjectReference {
            name: self.node.clone(),
            ..ObjectReference::of::<Node>(&meta)
        };
        self.warn(regarding, reason, "Enforcing", note);
    }

    fn warn(&self, regarding: ObjectReference, reason: &'static str, action: &'static str, note: String) {
        self.recorder.report(Report {
            regarding,
            severity: Severity::Warning,
            reason,
            action,
            note,
        });
    }
}
