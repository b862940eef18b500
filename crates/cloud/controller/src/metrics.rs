//! Metrics of a cloud controller.

use kinglet_telemetry::Registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// Counters of a cloud controller. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    leading: Gauge,
    blocked: Gauge,
    initializations: Counter,
    address_writes: Counter,
}

impl Metrics {
    /// Shows them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "kinglet_cloud_leader",
            "1 while this process is the leader, 0 otherwise",
            self.leading.clone(),
        );
        registry.register(
            "kinglet_cloud_blocked_nodes",
            "Nodes that cannot be initialized because their addresses are missing or wrong",
            self.blocked.clone(),
        );
        registry.register(
            "kinglet_cloud_initialized_nodes",
            "Nodes that this process has initialized",
            self.initializations.clone(),
        );
        registry.register(
            "kinglet_cloud_address_writes",
            "Writes of addresses of Nodes",
            self.address_writes.clone(),
        );
    }

    pub(crate) fn set_leading(&self, leading: bool) {
        self.leading.set(i64::from(leading));
    }

    pub(crate) fn set_blocked(&self, nodes: usize) {
        self.blocked.set(i64::try_from(nodes).unwrap_or(i64::MAX));
    }

    pub(crate) fn count_initialization(&self) {
        self.initializations.inc();
    }

    pub(crate) fn count_address_write(&self) {
        self.address_writes.inc();
    }
}
