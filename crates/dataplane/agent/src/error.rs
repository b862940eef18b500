//! Why the agent cannot go on.

use kinglet_nft::Error;
use kinglet_telemetry::WorkerPanicked;

/// Why the agent cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The kernel has no nftables, or refuses a request.
    #[error(transparent)]
    Kernel(#[from] Error),
    /// A defect.
    #[error(transparent)]
    Panicked(#[from] WorkerPanicked),
}
