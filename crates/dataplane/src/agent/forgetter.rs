//! Deletes connections that changes made stale, beside the commits of rules: there may be many connections,
//! and no commit waits for them.

use std::time::Duration;

use kinglet_telemetry::{Blocking, WorkerPanicked};
use tokio::sync::mpsc::UnboundedReceiver;

use super::kernel::Tracked;
use crate::flows::Stale;

/// Between two looks at the tracked connections.
const LOOK: Duration = Duration::from_millis(100);

pub(super) struct Forgetter {
    pub(super) tracked: Blocking<Tracked>,
    /// What commits made stale.
    pub(super) stale: UnboundedReceiver<Stale>,
}

impl Forgetter {
    /// Follows the commits, until nobody makes any.
    pub(super) async fn run(mut self) -> Result<(), WorkerPanicked> {
        while let Some(mut stale) = self.stale.recv().await {
            while let Ok(more) = self.stale.try_recv() {
                stale.merge(more);
            }
            let forgotten = self.tracked.run(move |tracked| tracked.forget(&stale)).await?;
            match forgotten {
                Ok(0) => {}
                Ok(count) => tracing::debug!("{count} connections to endpoints that are gone are deleted"),
                Err(error) => {
                    tracing::warn!("connections to endpoints that are gone are not deleted: {error}");
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}
