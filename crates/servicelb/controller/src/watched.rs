//! The changes of a watched kind.

use std::sync::Arc;

use kinglet_kube::{Delta, Reflector};
use kinglet_model::{Object, ObjectName};
use tokio::sync::mpsc::UnboundedReceiver;

/// All changes of a kind, the existing objects first.
pub(crate) struct Watched<K> {
    deltas: UnboundedReceiver<Delta<K>>,
    /// Whether all objects that existed at the start have come.
    pub(crate) synced: bool,
}

impl<K: Object> Watched<K> {
    pub(crate) fn of(cache: &Reflector<K>) -> Self {
        Self {
            deltas: cache.subscribe(),
            synced: false,
        }
    }

    /// The next change: a name, and the object unless it is gone; `None` when the last of the existing
    /// objects has come. Waits for ever once the watch was stopped.
    pub(crate) async fn next(&mut self) -> Option<(ObjectName, Option<Arc<K>>)> {
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
