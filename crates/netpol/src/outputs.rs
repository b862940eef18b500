//! What the agent writes to, besides the kernel.

use kinglet_kube::Recorder;

use crate::denials::DeniedPackets;
use crate::metrics::Metrics;

/// What the agent writes to, besides the kernel.
pub struct Outputs {
    /// Writes Events.
    pub recorder: Recorder,
    /// Counters and gauges.
    pub metrics: Metrics,
    /// Called with whether policies are enforced: the kernel has the rules of all objects, and no packet
    /// bypasses them.
    pub enforcing: Box<dyn Fn(bool) + Send + Sync>,
    /// Receives denied packets, as far as the rules log them, and reports them.
    pub denied: Option<DeniedPackets>,
}
