//! The rule of the controller: every Node gets its next write.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kinglet_cloud_rules::{NodePlan, plan};
use kinglet_kube::{Change, Next, Reconciler, RequestError};
use kinglet_model::Node;

use super::problems::Problems;
use super::write::Writer;

/// The work of the leader.
pub(super) struct Nodes {
    nodes: HashMap<Arc<str>, Arc<Node>>,
    writer: Writer,
    problems: Problems,
    /// How often a Node is looked at although nothing has changed.
    refresh: Duration,
}

/// What is to be done for a Node.
pub(super) struct Work {
    node: Arc<Node>,
    plan: NodePlan,
    /// When the Node is to be looked at again.
    again: Duration,
}

impl Nodes {
    pub(super) fn new(writer: Writer, problems: Problems, refresh: Duration) -> Self {
        Self {
            nodes: HashMap::new(),
            writer,
            problems,
            refresh,
        }
    }

    fn work(&mut self, name: &Arc<str>) -> Option<Work> {
        let node = self.nodes.get(name)?.clone();
        let plan = plan(&node);
        let again = self.problems.update(&node, &plan.problems);
        let again = again.map_or(self.refresh, |again| again.min(self.refresh));
        Some(Work { node, plan, again })
    }
}

impl Reconciler for Nodes {
    type Change = Change<Node>;
    type Key = Arc<str>;
    type Plan = Work;
    type Error = RequestError;

    const FAILED: &'static str = "cannot write addresses or labels of a Node";

    fn observe(&mut self, change: Change<Node>) -> Vec<Arc<str>> {
        let name = change.name().name;
        match change.now() {
            Some(node) => {
                self.nodes.insert(name.clone(), node);
                vec![name]
            }
            None => {
                self.nodes.remove(&name);
                // One that registers again under the name begins anew, with its own patience.
                self.problems.forget(&name);
                Vec::new()
            }
        }
    }

    fn plan(&mut self, due: Vec<Arc<str>>) -> Vec<(Arc<str>, Work)> {
        let due = due.into_iter();
        due.filter_map(|name| self.work(&name).map(|work| (name, work)))
            .collect()
    }

    async fn apply(&self, _: &Arc<str>, work: &mut Work) -> Result<Next, RequestError> {
        self.writer.apply(&work.node, &work.plan).await?;
        // Also when all is well, as every cloud controller manager (--node-status-update-frequency).
        Ok(Next::After(work.again))
    }

    fn longest_pause(&self) -> Duration {
        self.refresh
    }
}
