//! What the connections of an echo server share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::reply::Identity;

/// What all connections of a server share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) identity: Arc<Identity>,
    /// Cancelled when clients are asked to go elsewhere.
    pub(super) draining: CancellationToken,
    /// Cancelled when nothing new is accepted.
    pub(super) closing: CancellationToken,
    pub(super) tasks: TaskTracker,
}
