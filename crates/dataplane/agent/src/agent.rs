//! The agent: its tasks, and the channel between them.

use kinglet_dataplane::{DataplaneSettings, Services};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cleaner::StaleConnectionCleaner;
use crate::error::AgentError;
use crate::kernel::Kernel;
use crate::outputs::Outputs;
use crate::reconciler::Reconciler;
use crate::sources::Sources;

/// Serves Services on a node.
pub struct ServicesAgent {
    /// The node's network namespace.
    pub kernel: Kernel,
    /// What is served.
    pub settings: DataplaneSettings,
    /// Where objects come from.
    pub sources: Sources,
    /// What the agent writes to.
    pub outputs: Outputs,
}

impl ServicesAgent {
    /// Serves the Services until `stop` is cancelled, and leaves the rules in place; [`Kernel::remove`]
    /// removes them. Calls `synced` once, when the kernel has the rules of all objects that were there at the
    /// start; until then the rules of an earlier run stay.
    ///
    /// # Errors
    /// The kernel does not say what tables it can own. Later errors of the kernel are logged, and answered by
    /// new attempts.
    pub async fn run(self, synced: impl FnOnce() + Send, stop: CancellationToken) -> Result<(), AgentError> {
        let Kernel {
            mut rules,
            connections,
        } = self.kernel;
        let services = Services::new(self.settings, rules.ownership()?);
        // Unbounded, so that no commit waits for the cleaner, which merges what has come meanwhile.
        let (stale, told) = mpsc::unbounded_channel();
        let cleaner = StaleConnectionCleaner::new(connections, told);
        let reconciler = Reconciler::new(rules, services, &self.sources, self.outputs, stale);
        tokio::select! {
            ended = reconciler.run(synced) => ended,
            ended = cleaner.run() => ended,
            () = stop.cancelled() => Ok(()),
        }
    }
}
