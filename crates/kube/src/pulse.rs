//! When something was last heard from the server about a kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The last sign of life of a watch: a list, an answer that opens it, a change or a bookmark. Cheap to clone;
/// clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Pulse {
    start: Instant,
    /// Milliseconds from `start` to the last sign.
    last: Arc<AtomicU64>,
}

impl Default for Pulse {
    /// The start counts as a sign: what was never heard of ages from there.
    fn default() -> Self {
        Self {
            start: Instant::now(),
            last: Arc::default(),
        }
    }
}

impl Pulse {
    /// Something was heard.
    pub(crate) fn beat(&self) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Nothing is read because of it: the order relative to other memory does not matter.
        self.last.store(elapsed, Ordering::Relaxed);
    }

    /// How long ago that was.
    pub(crate) fn age(&self) -> Duration {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        self.start.elapsed().saturating_sub(last)
    }
}
