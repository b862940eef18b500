//! What the agent writes to, besides the kernel.

use std::sync::Arc;

use kinglet_dataplane::{HealthChecks, Shares};
use tokio::sync::watch;

use crate::metrics::Metrics;

/// What the agent writes to, besides the kernel.
#[derive(Clone, Default)]
pub struct Outputs {
    /// Gets the part of load balancers that the kernel has rules for, if anybody needs it.
    pub served: Option<watch::Sender<Option<Arc<Shares>>>>,
    /// Gets the answers of health checks, for [`serve_health`](crate::serve_health).
    pub health: Option<watch::Sender<Arc<HealthChecks>>>,
    /// Counters and gauges.
    pub metrics: Metrics,
}

impl Outputs {
    /// Publishes the part of load balancers that the kernel has rules for now.
    pub(crate) fn publish_served(&self, shares: Option<&Arc<Shares>>) {
        let Some(served) = &self.served else { return };
        served.send_if_modified(|before| {
            // By identity: the receiver looks for the very value that it gave.
            let same = before
                .as_ref()
                .zip(shares)
                .is_some_and(|(one, other)| Arc::ptr_eq(one, other));
            *before = shares.cloned();
            !same
        });
    }

    /// Publishes the answers of health checks.
    pub(crate) fn publish_health(&self, checks: impl FnOnce() -> HealthChecks) {
        let Some(health) = &self.health else { return };
        let checks = checks();
        health.send_if_modified(|before| {
            let changed = **before != checks;
            if changed {
                *before = Arc::new(checks);
            }
            changed
        });
    }
}
