//! Nodes and the Pods on them: nodes that fall silent become unreachable, taints follow conditions, taints
//! evict, and Pods of nodes that are gone go, too.
//!
//! In: Nodes, their Leases and Pods. [`state`] notes when a node was last heard of; [`plan`] is the pure rule
//! for a node, with [`taints`] and [`evict`]. Out: writes, retried per node.

mod evict;
mod plan;
mod state;
mod taints;
mod write;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kinglet_kube::{Client, Queue, Recorder, Reflector, RequestError};
use tracing::{debug, warn};

use self::plan::Plan;
use self::state::State;
use self::write::Writer;
use super::objects::{Lease, Node, Pod};
use kinglet_controllers::Progress;
use kinglet_controllers::Watched;

/// Name of the controller in Events.
pub(super) const COMPONENT: &str = "node-controller";
/// Nodes whose writes run at the same time.
const CONCURRENT: usize = 8;

/// Runs for ever.
pub(super) async fn run(
    client: Client,
    caches: (Reflector<Pod>, Reflector<Node>, Reflector<Lease>),
    recorder: Recorder,
    grace: Duration,
    mut progress: Progress,
) {
    let (mut pods, mut nodes) = (Watched::of(&caches.0), Watched::of(&caches.1));
    let mut leases = Watched::of(&caches.2);
    let mut controller = Controller {
        writer: Writer::new(&client, recorder),
        state: State::new(grace),
        queue: Queue::new(),
    };
    loop {
        let state = &mut controller.state;
        let concerned = tokio::select! {
            biased;
            change = nodes.next() => change.map(|change| state.node(change)),
            change = leases.next() => change.and_then(|change| state.lease(&change)).map(|name| vec![name]),
            change = pods.next() => change.map(|change| state.pod(change)),
            names = controller.queue.take(), if progress.is_synced() => {
                controller.work(names).await;
                None
            }
        };
        let concerned = concerned.into_iter().flatten();
        concerned.for_each(|name| controller.queue.mark(name));
        progress.update(nodes.synced && leases.synced && pods.synced);
    }
}

struct Controller {
    writer: Writer,
    state: State,
    queue: Queue<Arc<str>>,
}

impl Controller {
    async fn work(&mut self, names: Vec<Arc<str>>) {
        let plans: Vec<(Arc<str>, Plan)> = names
            .into_iter()
            .map(|name| (name.clone(), self.state.plan(&name)))
            .collect();
        let attempts = plans.into_iter().map(|(name, plan)| self.attempt(name, plan));
        let attempts: Vec<_> = futures::stream::iter(attempts)
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        for (name, plan, result) in attempts {
            match result {
                Ok(()) => {
                    self.queue.succeeded(&name);
                    self.state.done(&plan);
                    if let Some(pause) = plan.again {
                        self.queue.mark_within(name, pause);
                    }
                }
                Err(error) => {
                    report(&name, &error);
                    self.queue.retry(name);
                }
            }
        }
    }

    async fn attempt(&self, name: Arc<str>, plan: Plan) -> (Arc<str>, Plan, Result<(), RequestError>) {
        let result = self.writer.apply(&plan).await;
        (name, plan, result)
    }
}

/// A conflict only means that the cache is behind; the retry sees more.
fn report(node: &str, error: &RequestError) {
    if error.is_conflict() || error.is_not_found() {
        debug!(node, %error, "node has changed meanwhile; trying again");
    } else {
        warn!(node, %error, "cannot bring node in line; trying again");
    }
}
