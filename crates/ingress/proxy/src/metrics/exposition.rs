//! The text of a scrape: the workers' series, added up.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::recorder::Metrics;
use super::series::{BUCKETS, Key, Series};

type Labels = Vec<(&'static str, String)>;
type NoLabels = Vec<(&'static str, String)>;

/// The sum of some series.
#[derive(Clone, Debug, Default)]
struct Totals {
    requests: u64,
    micros: u64,
    response_bytes: u64,
    buckets: [u64; BUCKETS.len()],
}

impl Totals {
    fn add(&mut self, series: &Series) {
        self.requests += series.requests.load(Relaxed);
        self.micros += series.micros.load(Relaxed);
        self.response_bytes += series.response_bytes.load(Relaxed);
        for (total, bucket) in self.buckets.iter_mut().zip(&series.buckets) {
            *total += bucket.load(Relaxed);
        }
    }

    fn seconds(&self) -> f64 {
        Duration::from_micros(self.micros).as_secs_f64()
    }

    /// Buckets with their bounds, the last one holding what exceeds them all. Not cumulative: the encoder
    /// adds up.
    fn buckets(&self) -> Vec<(f64, u64)> {
        let rest = self.requests.saturating_sub(self.buckets.iter().sum());
        let bounded = BUCKETS.iter().copied().zip(self.buckets);
        bounded.chain([(f64::INFINITY, rest)]).collect()
    }
}

impl Metrics {
    /// Sums all series by the labels that `labels` makes of their keys; keys without labels are left out.
    fn sum(&self, labels: impl Fn(&Key) -> Option<Labels>) -> BTreeMap<Labels, Totals> {
        let mut sums = BTreeMap::<Labels, Totals>::new();
        for worker in self
            .0
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            for (key, series) in worker.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                if let Some(labels) = labels(key) {
                    sums.entry(labels).or_default().add(series);
                }
            }
        }
        sums
    }
}

fn router_labels(key: &Key) -> Option<Labels> {
    let first = vec![
        ("router", key.router.to_string()),
        ("service", key.service.to_string()),
    ];
    (!key.router.is_empty()).then(|| labels(key, first))
}

fn service_labels(key: &Key) -> Option<Labels> {
    (!key.service.is_empty()).then(|| labels(key, vec![("service", key.service.to_string())]))
}

fn labels(key: &Key, mut first: Labels) -> Labels {
    first.extend([
        ("code", key.status.to_string()),
        ("method", key.method.to_owned()),
        ("protocol", key.protocol.to_owned()),
    ]);
    first
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        encode_requests(
            &mut encoder,
            "traefik_entrypoint",
            "an entry point",
            &self.sum(|key| Some(self.entry_point_labels(key))),
        )?;
        encode_requests(
            &mut encoder,
            "traefik_router",
            "a router",
            &self.sum(router_labels),
        )?;
        encode_requests(
            &mut encoder,
            "traefik_service",
            "a service",
            &self.sum(service_labels),
        )?;
        self.encode_connections(&mut encoder)
    }
}

impl Metrics {
    fn entry_point_labels(&self, key: &Key) -> Labels {
        let name = self.entry_point_name(key.entry_point).to_owned();
        labels(key, vec![("entrypoint", name)])
    }

    fn encode_connections(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Client connections that are open";
        let mut family =
            encoder.encode_descriptor("traefik_open_connections", help, None, MetricType::Gauge)?;
        for counters in &self.0.connections {
            let open = counters
                .opened
                .load(Relaxed)
                // Both are read one after the other, and `closed` may be ahead by then.
                .saturating_sub(counters.closed.load(Relaxed));
            let labels = vec![("entrypoint", &*counters.entry_point), ("protocol", "TCP")];
            family.encode_family(&labels)?.encode_gauge(&open)?;
        }
        let help = "Client connections that were closed because of a malformed request";
        let name = "kinglet_ingress_malformed_requests";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for counters in &self.0.connections {
            let malformed = counters.malformed.load(Relaxed);
            let labels = vec![("entrypoint", &*counters.entry_point)];
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabels, u64, u64>(&malformed, None)?;
        }
        Ok(())
    }
}

/// Encodes the three families of requests that a level (entry point, router, service) has.
fn encode_requests(
    encoder: &mut DescriptorEncoder<'_>,
    level: &str,
    of: &str,
    sums: &BTreeMap<Labels, Totals>,
) -> Result<(), fmt::Error> {
    let (name, help) = (format!("{level}_requests"), format!("Requests of {of}"));
    let mut family = encoder.encode_descriptor(&name, &help, None, MetricType::Counter)?;
    for (labels, totals) in sums {
        family
            .encode_family(labels)?
            .encode_counter::<NoLabels, u64, u64>(&totals.requests, None)?;
    }
    let (name, help) = (
        format!("{level}_request_duration_seconds"),
        format!("Duration of requests of {of}, from the head of the request to the end of the response"),
    );
    let mut family = encoder.encode_descriptor(&name, &help, None, MetricType::Histogram)?;
    for (labels, totals) in sums {
        let buckets = totals.buckets();
        let mut histogram = family.encode_family(labels)?;
        histogram.encode_histogram::<NoLabels>(totals.seconds(), totals.requests, &buckets, None)?;
    }
    let (name, help) = (
        format!("{level}_responses_bytes"),
        format!("Bytes of response bodies of {of}"),
    );
    let mut family = encoder.encode_descriptor(&name, &help, None, MetricType::Counter)?;
    for (labels, totals) in sums {
        family
            .encode_family(labels)?
            .encode_counter::<NoLabels, u64, u64>(&totals.response_bytes, None)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use prometheus_client::registry::Registry;

    use super::*;
    use crate::entry_point::EntryPoints;

    #[test]
    fn workers_add_up_under_traefiks_names() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let entry_points = EntryPoints::new(any, any);
        let (web, _) = entry_points.iter().next().unwrap();
        let metrics = Metrics::new(&entry_points);
        let key = Key {
            entry_point: web,
            router: "r".into(),
            service: "s".into(),
            status: 200,
            method: "GET",
            protocol: "http",
        };
        for worker in [metrics.recorder(), metrics.recorder()] {
            worker.opened(web);
            worker.record(&key, Duration::from_millis(200), 10);
            worker.record(&key, Duration::from_secs(9), 10);
        }
        metrics.recorder().closed(web, true);
        let mut registry = Registry::default();
        registry.register_collector(Box::new(metrics));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            r#"traefik_entrypoint_requests_total{entrypoint="web",code="200",method="GET",protocol="http"} 4"#,
            r#"traefik_router_requests_total{router="r",service="s",code="200",method="GET",protocol="http"} 4"#,
            r#"traefik_service_responses_bytes_total{service="s",code="200",method="GET",protocol="http"} 40"#,
            r#"traefik_service_request_duration_seconds_bucket{le="0.3",service="s",code="200",method="GET",protocol="http"} 2"#,
            r#"traefik_service_request_duration_seconds_bucket{le="+Inf",service="s",code="200",method="GET",protocol="http"} 4"#,
            r#"traefik_open_connections{entrypoint="web",protocol="TCP"} 1"#,
            r#"kinglet_ingress_malformed_requests_total{entrypoint="web"} 1"#,
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is not in\n{text}"
            );
        }
    }
}
