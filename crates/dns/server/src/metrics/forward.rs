//! Metrics of forwarding, under the names of CoreDNS' `forward` plugin before and after it moved them to
//! `coredns_proxy_*`.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct To {
    to: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToRcode {
    to: String,
    rcode: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProxyLabels {
    proxy_name: &'static str,
    to: String,
    rcode: &'static str,
}

/// What the forwarder counts. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ForwardMetrics {
    requests: Family<To, Counter>,
    responses: Family<ToRcode, Counter>,
    durations: Family<ToRcode, Histogram>,
    proxy_durations: Family<ProxyLabels, Histogram>,
    rejects: Counter,
    broken: Counter,
}

impl Default for ForwardMetrics {
    fn default() -> Self {
        let histogram = || Histogram::new(exponential_buckets(0.00025, 2.0, 16));
        Self {
            requests: Family::default(),
            responses: Family::default(),
            durations: Family::new_with_constructor(histogram),
            proxy_durations: Family::new_with_constructor(histogram),
            rejects: Counter::default(),
            broken: Counter::default(),
        }
    }
}

impl ForwardMetrics {
    /// Makes the metrics known to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "coredns_forward_requests",
            "Queries sent to an upstream server",
            self.requests.clone(),
        );
        registry.register(
            "coredns_forward_responses",
            "Replies from an upstream server",
            self.responses.clone(),
        );
        let help = "Time until an upstream server replied";
        registry.register(
            "coredns_forward_request_duration_seconds",
            help,
            self.durations.clone(),
        );
        registry.register(
            "coredns_proxy_request_duration_seconds",
            help,
            self.proxy_durations.clone(),
        );
        let help = "Queries refused because too many were waiting for upstream servers";
        registry.register(
            "coredns_forward_max_concurrent_rejects",
            help,
            self.rejects.clone(),
        );
        let help = "Queries forwarded although every upstream server had failed recently";
        registry.register("coredns_forward_healthcheck_broken", help, self.broken.clone());
    }

    /// A query was sent.
    pub(crate) fn request(&self, to: &str) {
        self.requests.get_or_create(&To { to: to.into() }).inc();
    }

    /// It was answered.
    pub(crate) fn response(&self, to: &str, rcode: &'static str, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let labels = ToRcode { to: to.into(), rcode };
        self.responses.get_or_create(&labels).inc();
        self.durations.get_or_create(&labels).observe(seconds);
        let labels = ProxyLabels {
            proxy_name: "forward",
            to: to.into(),
            rcode,
        };
        self.proxy_durations.get_or_create(&labels).observe(seconds);
    }

    /// A query was refused because too many were in flight.
    pub(crate) fn reject(&self) {
        self.rejects.inc();
    }

    /// All upstreams failed recently.
    pub(crate) fn all_broken(&self) {
        self.broken.inc();
    }
}
