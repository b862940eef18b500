//! The node's part of load balancers, as it changes.

use std::sync::Arc;

use kinglet_dataplane::Shares;
use tokio::sync::watch;

/// Follows the node's part of load balancers.
pub(crate) struct ShareWatch {
    receiver: Option<watch::Receiver<Option<Arc<Shares>>>>,
    known: Option<Arc<Shares>>,
}

impl ShareWatch {
    /// Follows a source, if there is one; what it has already counts as a change.
    pub(crate) fn of(mut receiver: Option<watch::Receiver<Option<Arc<Shares>>>>) -> Self {
        if let Some(receiver) = &mut receiver {
            receiver.mark_changed();
        }
        Self {
            receiver,
            known: None,
        }
    }

    /// Whether the node's part is known, or there is none.
    pub(crate) fn is_synced(&self) -> bool {
        self.receiver.is_none() || self.known.is_some()
    }

    /// What [`changed`](Self::changed) gave last.
    pub(crate) fn known(&self) -> Option<&Arc<Shares>> {
        self.known.as_ref()
    }

    /// Waits for a change; for ever where there is no source any more. Cancel-safe.
    pub(crate) async fn changed(&mut self) -> Arc<Shares> {
        if let Some(receiver) = &mut self.receiver {
            while receiver.changed().await.is_ok() {
                if let Some(shares) = receiver.borrow_and_update().clone() {
                    self.known = Some(shares.clone());
                    return shares;
                }
            }
        }
        std::future::pending().await
    }
}
