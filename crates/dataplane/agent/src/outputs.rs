//! What the agent writes to, besides the kernel.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_dataplane::{HealthChecks, Shares};
use kinglet_model::ObjectName;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// The part of load balancers that the kernel was given, and the Services of it that it does not have.
pub type Served = (Arc<Shares>, Arc<BTreeSet<ObjectName>>);

/// What the agent writes to, besides the kernel.
#[derive(Clone, Default)]
pub struct Outputs {
    /// Gets the part of load balancers that the kernel was given, if anybody needs it.
    pub served: Option<watch::Sender<Option<Served>>>,
    /// Gets the answers of health checks, for [`serve_health`](crate::serve_health).
    pub health: Option<watch::Sender<Arc<HealthChecks>>>,
    /// Counters and gauges.
    pub metrics: Metrics,
}

impl Outputs {
    /// Publishes the part of load balancers that the kernel was given, and what of it it does not have.
    pub(crate) fn publish_served(
        &self,
        shares: Option<&Arc<Shares>>,
        missing: impl FnOnce() -> BTreeSet<ObjectName>,
    ) {
        let (Some(served), Some(shares)) = (&self.served, shares) else {
            return;
        };
        let missing = missing();
        served.send_if_modified(|before| {
            // By identity: after each commit, thousands of ports would be compared.
            let same = before
                .as_ref()
                .is_some_and(|(before, lacking)| Arc::ptr_eq(before, shares) && **lacking == missing);
            if !same {
                *before = Some((shares.clone(), Arc::new(missing)));
            }
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
