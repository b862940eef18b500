//! Garbage collection by `metadata.ownerReferences`.
//!
//! [`monitors`] follows the metadata of every kind that discovery names, kinds that appear later included;
//! [`graph`] keeps who owns whom; [`verdict`] is the rule for an object whose owners are known to be there or
//! not; [`collector`] looks owners up and decides, [`writes`] writes.
//!
//! - Background: an object whose owners are all gone is deleted; an absent owner beside a present one only
//!   loses its reference.
//! - Foreground (`foregroundDeletion` finalizer): dependents that block the owner's deletion go first.
//! - Orphan (`orphan` finalizer): dependents lose their reference first, and stay.

mod collector;
mod discovery;
mod graph;
mod kinds;
mod monitors;
mod object;
mod trouble;
mod verdict;
mod writes;

use std::sync::Arc;

use kinglet_kube::{Client, Next, Reconciler, Recorder};
use tokio_util::sync::CancellationToken;

use self::collector::{Collector, LookedUp};
use self::graph::Graph;
use self::kinds::Kinds;
use self::monitors::{Monitors, Sight};
use self::object::Uid;
use self::trouble::AttemptError;

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
    type Change = Sight;
    type Key = Uid;
    /// Owners are looked up once for all objects that are due together.
    type Plan = Arc<LookedUp>;
    type Error = AttemptError;

    const CONCURRENT: usize = 16;
    const FAILED: &'static str = "cannot collect garbage";

    fn observe(&mut self, sight: Sight) -> Vec<Uid> {
        match sight {
            Sight::News(news) => self.graph.take(news),
            Sight::Kinds { served, ended } => {
                self.kinds = served;
                ended.iter().flat_map(|kind| self.graph.forget(kind)).collect()
            }
        }
    }

    fn plan(&mut self, due: Vec<Uid>) -> Vec<(Uid, Arc<LookedUp>)> {
        let looked_up = Arc::<LookedUp>::default();
        due.into_iter().map(|uid| (uid, looked_up.clone())).collect()
    }

    async fn apply(&self, uid: &Uid, looked_up: &mut Arc<LookedUp>) -> Result<Next, AttemptError> {
        let round = self.collector.round(&self.graph, &self.kinds, looked_up);
        match round.attend(uid).await {
            Ok(()) => Ok(Next::Done),
            Err(trouble) => Err(AttemptError {
                object: self.graph.node(uid).map(ToString::to_string).unwrap_or_default(),
                trouble,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
