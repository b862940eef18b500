//! The changes of a watched kind.

use std::sync::Arc;

use kinglet_kube::{Client, Delta, Reflector};
use kinglet_model::{Object, ObjectName};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

/// An object's name, and the object unless it is gone.
pub type Change<K> = (ObjectName, Option<Arc<K>>);

/// All changes of a kind, the existing objects first.
pub struct Watched<K> {
    deltas: UnboundedReceiver<Delta<K>>,
    /// Whether all objects that existed at the start have come.
    pub synced: bool,
}

impl<K: Object> Watched<K> {
    /// Watches a kind that nobody else here follows.
    pub fn start(client: &Client, stop: &CancellationToken) -> Self {
        Self::of(&Reflector::spawn(client.clone(), stop.clone()))
    }

    /// The changes of a cache that others follow, too.
    pub fn of(cache: &Reflector<K>) -> Self {
        Self {
            deltas: cache.subscribe(),
            synced: false,
        }
    }

    /// The next change; `None` when the last of the existing objects has come. Waits for ever once the watch
    /// was stopped.
    pub async fn next(&mut self) -> Option<Change<K>> {
        match self.deltas.recv().await {
            Some(Delta::Applied(object)) => Some((object.object_name(), Some(object))),
            Some(Delta::Deleted(object)) => Some((object.object_name(), None)),
            Some(Delta::Synced) => {
                self.synced = true;
                None
            }
            None => std::future::pending().await,
        }
    }
}
