//! A moment that something is due at.

use std::time::Duration;

use tokio::time::Instant;

/// When something is due, if it is.
#[derive(Debug, Default)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// Due after this time, unless it is due before already.
    pub(crate) fn within(&mut self, time: Duration) {
        self.0.get_or_insert(Instant::now() + time);
    }

    /// Waits until it is due, for ever if it is not; then it is no longer due. Loses nothing when dropped
    /// before.
    pub(crate) async fn reached(&mut self) {
        match self.0 {
            Some(then) => tokio::time::sleep_until(then).await,
            None => std::future::pending().await,
        }
        self.0 = None;
    }
}
