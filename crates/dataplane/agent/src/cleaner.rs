//! Deletes connections that changes made stale, beside the commits of rules: there may be many connections,
//! and no commit waits for them.

use std::time::Duration;

use kinglet_dataplane::Stale;
use kinglet_telemetry::Blocking;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::error::AgentError;
use crate::kernel::Connections;

/// Between two lists of the tracked connections: the kernel goes through all of them for each.
const PAUSE: Duration = Duration::from_millis(100);

/// Deletes stale connections.
pub(crate) struct StaleConnectionCleaner {
    connections: Blocking<Connections>,
    /// What commits made stale.
    stale: UnboundedReceiver<Stale>,
}

impl StaleConnectionCleaner {
    /// Follows the commits.
    pub(crate) fn new(connections: Connections, stale: UnboundedReceiver<Stale>) -> Self {
        Self {
            connections: Blocking::new(connections),
            stale,
        }
    }

    /// Deletes until nobody commits any more.
    pub(crate) async fn run(mut self) -> Result<(), AgentError> {
        while let Some(mut stale) = self.stale.recv().await {
            // A rolling update makes many; one list of the connections serves all.
            while let Ok(more) = self.stale.try_recv() {
                stale.merge(more);
            }
            let delete = move |connections: &mut Connections| connections.delete_stale(&stale);
            match self.connections.run(delete).await? {
                Ok(0) => {}
                Ok(count) => tracing::debug!("{count} connections to endpoints that are gone are deleted"),
                Err(error) => {
                    tracing::warn!("connections to endpoints that are gone are not deleted: {error}");
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}
