//! Events on policies and on the Node, and the log lines beside them.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_kube::{Change, ObjectReference, Recorder, Report, Severity};
use kinglet_model::{ClusterNetworkPolicy, Meta, NetworkPolicy, Node, ObjectName};
use kinglet_policy::Problem;

use crate::bridge::BridgeError;
use crate::input::Input;
use crate::sources::Sources;

/// Writes Events.
pub(crate) struct EventWriter {
    recorder: Recorder,
    sources: Sources,
    /// The own Node.
    node: ObjectName,
    /// Names of the nodes that are ready.
    ready: BTreeSet<Arc<str>>,
}

impl EventWriter {
    /// For the agent of a node.
    pub(crate) fn new(recorder: Recorder, sources: Sources, node: Arc<str>) -> Self {
        Self {
            recorder,
            sources,
            node: ObjectName::cluster(node),
            ready: BTreeSet::new(),
        }
    }

    /// Takes in which nodes are ready.
    pub(crate) fn observe(&mut self, input: &Input) {
        match input {
            Input::Node(Change::Applied(node)) if node.is_ready() => {
                self.ready.insert(node.metadata.name.clone());
            }
            Input::Node(Change::Applied(node) | Change::Deleted(node)) => {
                self.ready.remove(&node.metadata.name);
            }
            _ => {}
        }
    }

    /// Whether this node writes the Events on policies. The agents of all nodes find the same problems, and
    /// only the first ready node writes, or a large cluster would get one Event from each.
    pub(crate) fn writes_for_all(&self) -> bool {
        // None is ready while a cluster starts; better several Events than none.
        self.ready.first().is_none_or(|first| *first == self.node.name)
    }

    /// A part of a policy has no effect.
    pub(crate) fn problem(&self, problem: &Problem) {
        tracing::warn!("{problem}");
        if !self.writes_for_all() {
            return;
        }
        if let Some(regarding) = self.policy(problem) {
            self.warn(regarding, "InvalidPolicy", problem.note());
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
    pub(crate) fn bridges_bypass(&self, error: &BridgeError) {
        tracing::error!("network policy: {error}");
        self.not_enforced(error.to_string());
    }

    /// The kernel does not take the rules.
    pub(crate) fn rules_refused(&self, error: &kinglet_nft::Error) {
        self.not_enforced(format!("the kernel refuses the rules: {error}"));
    }

    fn not_enforced(&self, note: String) {
        let node = self.sources.nodes.get(&self.node);
        let meta = node.map_or_else(Meta::default, |node| node.metadata.clone());
        let regarding = ObjectReference {
            // Also while the Node is not known yet.
            name: self.node.clone(),
            ..ObjectReference::of::<Node>(&meta)
        };
        self.warn(regarding, "NetworkPolicyNotEnforced", note);
    }

    fn warn(&self, regarding: ObjectReference, reason: &'static str, note: String) {
        self.recorder.report(Report {
            regarding,
            severity: Severity::Warning,
            reason,
            action: "Enforcing",
            note,
        });
    }
}
