//! What an agent measures.

use kinglet_telemetry::{Lag, Registry};

/// Metrics of an agent. Cheap to clone; clones measure together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    lag: Lag,
}

impl Metrics {
    /// How long the oldest change has waited whose part for this node the kernel does not have rules for yet.
    pub fn lag(&self) -> &Lag {
        &self.lag
    }

    /// Shows them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        self.lag.register(
            "kinglet_servicelb_lag_seconds",
            "Time that the oldest change has waited whose load balancer ports of this node are not in the kernel yet; 0 if all are",
            registry,
        );
    }
}
