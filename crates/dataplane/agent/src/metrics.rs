//! What an agent counts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kinglet_telemetry::{Lag, Registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Counters of an agent. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    durations: Histogram,
    last: Gauge,
    failures: Counter,
    services: Gauge,
    problems: Counter,
    lag: Lag,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            // 0.1 ms to 3 s
            durations: Histogram::new(exponential_buckets(0.000_1, 2.0, 16)),
            last: Gauge::default(),
            failures: Counter::default(),
            services: Gauge::default(),
            problems: Counter::default(),
            lag: Lag::default(),
        }
    }
}

impl Metrics {
    /// How long the oldest change has waited that is not in the kernel yet.
    pub fn lag(&self) -> &Lag {
        &self.lag
    }

    /// Shows them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        self.lag.register(
            "kinglet_services_lag_seconds",
            "Time that the oldest change of objects has waited which is not in the kernel yet; 0 if all are",
            registry,
        );
        registry.register(
            "kinglet_services_sync_duration_seconds",
            "Seconds from a change of objects to the commit of its rules",
            self.durations.clone(),
        );
        registry.register(
            "kinglet_services_last_sync_timestamp_seconds",
            "Time of the last commit of rules to the kernel, in seconds since 1970",
            self.last.clone(),
        );
        registry.register(
            "kinglet_services_sync_failures",
            "Commits that the kernel refused; each is tried again",
            self.failures.clone(),
        );
        registry.register(
            "kinglet_services",
            "Services that have rules in the kernel",
            self.services.clone(),
        );
        registry.register(
            "kinglet_services_problems",
            "Values in Services and EndpointSlices that are left out because they are not valid; the log names them",
            self.problems.clone(),
        );
    }

    pub(crate) fn count_sync(&self, took: Duration, services: usize) {
        self.durations.observe(took.as_secs_f64());
        self.services.set(i64::try_from(services).unwrap_or(i64::MAX));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        self.last.set(i64::try_from(now).unwrap_or(i64::MAX));
    }

    pub(crate) fn count_failure(&self) {
        self.failures.inc();
    }

    pub(crate) fn count_problem(&self) {
        self.problems.inc();
    }
}
