//! Why the agent, or one of its tasks, cannot go on.

use kinglet_nft::Error;
use kinglet_telemetry::WorkerPanicked;

/// Why the agent cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The kernel has no nftables, or refuses a request.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// Changes that other programs make cannot be waited for.
    #[error("cannot wait for changes that other programs make to nftables: {0}")]
    Monitor(#[from] std::io::Error),
    /// A defect.
    #[error(transparent)]
    Panicked(#[from] WorkerPanicked),
}
