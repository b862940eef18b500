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
mod monitors;
mod object;
mod verdict;
mod writes;

use futures::StreamExt;
use kinglet_kube::{Client, Queue, Recorder};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use self::collector::{Collector, Trouble};
use self::graph::Graph;
use self::monitors::{Monitors, Sight};
use self::object::Uid;
use crate::progress::Progress;

/// `reportingController` of the Events.
pub(crate) const COMPONENT: &str = "kinglet-garbage-collector";
/// Objects that are looked at and written at the same time.
const CONCURRENT: usize = 16;

/// Runs for ever.
pub(crate) async fn run(client: Client, recorder: Recorder, stop: CancellationToken, mut progress: Progress) {
    let mut monitors = Monitors::new(client.clone(), stop);
    let collector = Collector::new(client, recorder);
    let mut graph = Graph::default();
    let mut queue = Queue::new();
    loop {
        let marked = tokio::select! {
            biased;
            sight = monitors.next() => match sight {
                Sight::News(news) => graph.take(news),
                Sight::Ended(kinds) => kinds.iter().flat_map(|kind| graph.forget(kind)).collect(),
            },
            uids = queue.take(), if progress.is_synced() => {
                attend(&collector, &monitors, &graph, &mut queue, uids).await;
                Vec::new()
            }
        };
        marked.into_iter().for_each(|uid| queue.mark(uid));
        progress.update(monitors.synced());
    }
}

async fn attend(
    collector: &Collector,
    monitors: &Monitors,
    graph: &Graph,
    queue: &mut Queue<Uid>,
    uids: Vec<Uid>,
) {
    let round = collector.round(graph, monitors.kinds());
    let round = &round;
    let attempts = uids
        .into_iter()
        .map(|uid| async move { (round.attend(&uid).await, uid) });
    let attempts: Vec<_> = futures::stream::iter(attempts)
        .buffer_unordered(CONCURRENT)
        .collect()
        .await;
    for (result, uid) in attempts {
        let Err(trouble) = result else {
            queue.succeeded(&uid);
            continue;
        };
        let object = graph.node(&uid).map(|node| node.to_string());
        match trouble {
            Trouble::Request(error) if !error.is_conflict() => {
                warn!(object, %error, "garbage collection failed; trying again");
            }
            trouble => debug!(object, %trouble, "garbage collection has to wait"),
        }
        queue.retry(uid);
    }
}

#[cfg(test)]
mod tests;
