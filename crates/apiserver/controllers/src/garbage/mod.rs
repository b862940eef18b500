//! Garbage collection by `metadata.ownerReferences`.
//!
//! [`monitors`] follows the metadata of every kind that discovery names, kinds that appear later included;
//! [`graph`] keeps who owns whom; [`decision`] is the rule for an object whose owners are known to be there
//! or not; [`collector`] looks owners up and decides, [`writes`] writes.
//!
//! - Background: an object whose owners are all gone is deleted; an absent owner beside a present one only
//!   loses its reference.
//! - Foreground (`foregroundDeletion` finalizer): dependents that block the owner's deletion go first.
//! - Orphan (`orphan` finalizer): dependents lose their reference first, and stay.

mod collector;
mod decision;
mod discovery;
mod error;
mod graph;
mod kinds;
mod monitors;
mod object;
mod writes;

use std::sync::Arc;

use kinglet_kube::{Client, Next, Reconciler, Recorder};
use tokio_util::sync::CancellationToken;

use self::collector::{Collector, OwnerCache};
use self::error::AttemptError;
use self::graph::Graph;
use self::kinds::Kinds;
use self::monitors::{MonitorEvent, Monitors};
use self::object::Uid;

/// `reportingController` of the Events.
pub(crate) const COMPONENT: &str = "kinglet-garbage-collector";

/// Deletes and releases objects by their owners; keys are uids.
pub(crate) struct GarbageCollector {
    collector: Collector,
    graph: Graph,
    kinds: Arc<Kinds>,
}

/// The controller, and what it watches.
pub(crate) fn controller(
    client: Client,
    recorder: Recorder,
    stop: CancellationToken,
) -> (GarbageCollector, Monitors) {
    let monitors = Monitors::new(client.clone(), stop);
    let controller = GarbageCollector {
        collector: Collector::new(client, recorder),
        graph: Graph::default(),
        kinds: Arc::default(),
    };
    (controller, monitors)
}

impl Reconciler for GarbageCollector {
    type Change = MonitorEvent;
    type Key = Uid;
    /// Owners are looked up once for all objects that are due together.
    type Plan = Arc<OwnerCache>;
    type Error = AttemptError;

    const CONCURRENT: usize = 16;
    const FAILED: &'static str = "cannot collect garbage";

    fn observe(&mut self, event: MonitorEvent) -> Vec<Uid> {
        match event {
            MonitorEvent::ObjectUpdate(update) => self.graph.take(update),
            MonitorEvent::Kinds { served, ended } => {
                self.kinds = served;
                ended.iter().flat_map(|kind| self.graph.forget(kind)).collect()
            }
        }
    }

    fn plan(&mut self, due: Vec<Uid>) -> Vec<(Uid, Arc<OwnerCache>)> {
        let owner_cache = Arc::<OwnerCache>::default();
        due.into_iter().map(|uid| (uid, owner_cache.clone())).collect()
    }

    async fn apply(&self, uid: &Uid, owner_cache: &mut Arc<OwnerCache>) -> Result<Next, AttemptError> {
        let round = self.collector.round(&self.graph, &self.kinds, owner_cache);
        match round.process(uid).await {
            Ok(()) => Ok(Next::Done),
            Err(error) => Err(AttemptError {
                object: self.graph.node(uid).map(ToString::to_string).unwrap_or_default(),
                error,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
