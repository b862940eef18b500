//! Reports what is wrong with a Node, once: a warning Event on it and a log line.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{ObjectReference, Recorder, Report, Severity};
use kinglet_model::Node;
use tokio::time::Instant;
use tracing::warn;

use crate::metrics::Metrics;
use kinglet_cloud_rules::NodeProblem;

/// The present problems of all Nodes.
pub(super) struct Problems {
    recorder: Recorder,
    metrics: Metrics,
    patience: Duration,
    nodes: HashMap<Arc<str>, Known>,
}

/// The problems of a Node.
struct Known {
    problems: Vec<NodeProblem>,
    since: Instant,
    is_reported: bool,
}

impl Problems {
    pub(super) fn new(recorder: Recorder, metrics: Metrics, patience: Duration) -> Self {
        Self {
            recorder,
            metrics,
            patience,
            nodes: HashMap::new(),
        }
    }

    /// Takes in what is wrong with a Node now, and reports it if it is new. Answers when to look again if it
    /// is not reported yet: a kubelet registers its Node before the agent has written an address, so what
    /// blocks a new Node is over in a moment as a rule.
    pub(super) fn update(&mut self, node: &Node, problems: &[NodeProblem]) -> Option<Duration> {
        if problems.is_empty() {
            self.forget(&node.metadata.name);
            return None;
        }
        let known = self.nodes.entry(node.metadata.name.clone());
        let known = known.or_insert_with(|| Known {
            problems: problems.to_vec(),
            since: Instant::now(),
            is_reported: false,
        });
        // Since when stays: a Node whose problem changes every second would never be reported.
        if known.problems != problems {
            known.problems = problems.to_vec();
            known.is_reported = false;
        }
        // A problem that leaves the Node usable does not pass by itself, and is reported at once.
        let is_blocking = problems.iter().any(NodeProblem::is_blocking);
        let left = self.patience.saturating_sub(known.since.elapsed());
        let waits = is_blocking && !left.is_zero();
        if !known.is_reported && !waits {
            known.is_reported = true;
            problems.iter().for_each(|problem| self.report(node, problem));
        }
        self.count();
        waits.then_some(left)
    }

    /// The Node is gone, or nothing is wrong with it.
    pub(super) fn forget(&mut self, node: &str) {
        if self.nodes.remove(node).is_some() {
            self.count();
        }
    }

    fn count(&self) {
        let is_blocked = |known: &&Known| known.problems.iter().any(NodeProblem::is_blocking);
        self.metrics
            .set_blocked(self.nodes.values().filter(is_blocked).count());
    }

    fn report(&self, node: &Node, problem: &NodeProblem) {
        warn!(node = &*node.metadata.name, "{problem}");
        self.recorder.report(Report {
            regarding: ObjectReference::of::<Node>(&node.metadata),
            severity: Severity::Warning,
            reason: problem.reason(),
            action: "ReadingAddresses",
            note: problem.to_string(),
        });
    }
}
