//! Brings Nodes in line while this process leads.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kinglet_kube::{Client, Delta, Queue, Recorder, Reflector, RequestError};
use kinglet_model::{Node, Object, ObjectName};
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::{debug, warn};

use super::problems::Problems;
use super::settings::CloudSettings;
use super::write::Writer;
use crate::metrics::Metrics;
use kinglet_cloud_rules::{NodePlan, plan};

/// Nodes whose writes run at the same time.
const CONCURRENT: usize = 8;

/// The work of the leader.
pub(super) struct Controller {
    nodes: Reflector<Node>,
    changes: UnboundedReceiver<Delta<Node>>,
    queue: Queue<Arc<str>>,
    writer: Writer,
    problems: Problems,
    refresh: Duration,
}

impl Controller {
    pub(super) fn new(
        client: &Client,
        nodes: &Reflector<Node>,
        recorder: &Recorder,
        settings: &CloudSettings,
        metrics: &Metrics,
    ) -> Self {
        Self {
            nodes: nodes.clone(),
            changes: nodes.subscribe(),
            queue: Queue::new(),
            writer: Writer::new(client, recorder.clone(), metrics.clone()),
            problems: Problems::new(recorder.clone(), metrics.clone(), settings.patience),
            refresh: settings.refresh,
        }
    }

    /// Runs for ever.
    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                change = self.changes.recv() => match change {
                    Some(Delta::Applied(node)) => self.queue.mark(node.object_name().name),
                    Some(Delta::Deleted(node)) => self.problems.forget(&node.metadata.name),
                    Some(Delta::Synced) => {}
                    // The cache was stopped: the process ends.
                    None => std::future::pending().await,
                },
                names = self.queue.take() => self.work(names).await,
            }
        }
    }

    async fn work(&mut self, names: Vec<Arc<str>>) {
        let nodes = names
            .iter()
            .filter_map(|name| self.nodes.get(&ObjectName::cluster(&**name)));
        let plans: Vec<(Arc<Node>, NodePlan)> = nodes.map(|node| (node.clone(), plan(&node))).collect();
        for (node, plan) in &plans {
            let again = self.problems.update(node, &plan.problems);
            let again = again.map_or(self.refresh, |again| again.min(self.refresh));
            self.queue.mark_within(node.metadata.name.clone(), again);
        }
        let attempts = plans.into_iter().map(|(node, plan)| self.attempt(node, plan));
        let results: Vec<_> = futures::stream::iter(attempts)
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        for (name, result) in results {
            match result {
                Ok(()) => self.queue.succeeded(&name),
                Err(error) => {
                    report(&name, &error);
                    self.queue.retry_within(name, self.refresh);
                }
            }
        }
    }

    async fn attempt(&self, node: Arc<Node>, plan: NodePlan) -> (Arc<str>, Result<(), RequestError>) {
        let result = self.writer.apply(&node, &plan).await;
        (node.metadata.name.clone(), result)
    }
}

/// A conflict only means that the cache is behind; the retry sees more.
fn report(node: &str, error: &RequestError) {
    if error.is_conflict() {
        debug!(node, %error, "node has changed meanwhile; trying again");
    } else {
        warn!(node, %error, "cannot bring node in line; trying again");
    }
}
