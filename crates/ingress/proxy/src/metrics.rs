//! Counters under the names that Traefik gives them.
//!
//! Each worker counts for itself, in series that only it writes; a scrape adds them up. Counting a request is one look-up in the worker's
//! own map and a few plain stores.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use crate::EntryPoint;

/// Upper bounds of the duration buckets, in seconds (Traefik's default).
const BUCKETS: [f64; 4] = [0.1, 0.3, 1.2, 5.0];

type Labels = Vec<(&'static str, String)>;
type NoLabels = Vec<(&'static str, String)>;

/// The proxy's metrics: register it as a collector.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    workers: Mutex<Vec<Arc<WorkerSeries>>>,
    web: PerEntryPoint,
    websecure: PerEntryPoint,
}

#[derive(Debug, Default)]
struct PerEntryPoint {
    opened: AtomicU64,
    closed: AtomicU64,
    malformed: AtomicU64,
}

/// The series of one worker; locked when a series is new and during a scrape.
#[derive(Debug, Default)]
struct WorkerSeries(Mutex<Vec<(Key, Arc<Series>)>>);

/// What requests are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) entry_point: EntryPoint,
    /// Empty when no router took the request.
    pub(crate) router: Arc<str>,
    /// Empty when the router has no service.
    pub(crate) service: Arc<str>,
    pub(crate) status: u16,
    pub(crate) method: &'static str,
    pub(crate) protocol: &'static str,
}

#[derive(Debug, Default)]
struct Series {
    requests: AtomicU64,
    micros: AtomicU64,
    response_bytes: AtomicU64,
    buckets: [AtomicU64; BUCKETS.len()],
}

/// The sum of some series.
#[derive(Clone, Debug, Default)]
struct Totals {
    requests: u64,
    micros: u64,
    response_bytes: u64,
    buckets: [u64; BUCKETS.len()],
}

/// A worker's way to count.
#[derive(Debug)]
pub(crate) struct Recorder {
    known: RefCell<HashMap<Key, Arc<Series>>>,
    series: Arc<WorkerSeries>,
    metrics: Metrics,
}

impl Metrics {
    /// A recorder for one more worker.
    pub(crate) fn recorder(&self) -> Recorder {
        let series = Arc::<WorkerSeries>::default();
        self.0
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(series.clone());
        Recorder {
            known: RefCell::default(),
            series,
            metrics: self.clone(),
        }
    }

    fn entry_point(&self, entry_point: EntryPoint) -> &PerEntryPoint {
        match entry_point {
            EntryPoint::Web => &self.0.web,
            EntryPoint::Websecure => &self.0.websecure,
        }
    }

    /// Sums all series by the labels that `labels` makes of their keys; keys without labels are left out.
    fn sum(&self, labels: fn(&Key) -> Option<Labels>) -> BTreeMap<Labels, Totals> {
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

impl Recorder {
    /// Counts a finished request.
    pub(crate) fn record(&self, key: &Key, duration: Duration, response_bytes: u64) {
        let mut known = self.known.borrow_mut();
        if let Some(series) = known.get(key) {
            return series.record(duration, response_bytes);
        }
        let series = Arc::<Series>::default();
        series.record(duration, response_bytes);
        known.insert(key.clone(), series.clone());
        self.series
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((key.clone(), series));
    }

    /// Counts an accepted connection.
    pub(crate) fn opened(&self, entry_point: EntryPoint) {
        self.metrics.entry_point(entry_point).opened.fetch_add(1, Relaxed);
    }

    /// Counts a closed connection, and whether its client broke the protocol.
    pub(crate) fn closed(&self, entry_point: EntryPoint, malformed: bool) {
        let counters = self.metrics.entry_point(entry_point);
        counters.closed.fetch_add(1, Relaxed);
        counters.malformed.fetch_add(u64::from(malformed), Relaxed);
    }
}

impl Series {
    fn record(&self, duration: Duration, response_bytes: u64) {
        add(&self.requests, 1);
        add(
            &self.micros,
            u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        );
        add(&self.response_bytes, response_bytes);
        let seconds = duration.as_secs_f64();
        if let Some(bucket) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            self.buckets
                .get(bucket)
                .into_iter()
                .for_each(|bucket| add(bucket, 1));
        }
    }
}

/// Adds to a counter that has a single writer.
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(amount), Relaxed);
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

    /// Buckets with their bounds, the last one holding what exceeds them all.
    fn buckets(&self) -> Vec<(f64, u64)> {
        let rest = self.requests.saturating_sub(self.buckets.iter().sum());
        let bounded = BUCKETS.iter().copied().zip(self.buckets);
        bounded.chain([(f64::INFINITY, rest)]).collect()
    }
}

fn entry_point_labels(key: &Key) -> Option<Labels> {
    Some(labels(key, vec![("entrypoint", key.entry_point.to_string())]))
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
            &self.sum(entry_point_labels),
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
    fn encode_connections(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let both = [EntryPoint::Web, EntryPoint::Websecure];
        let help = "Connections that are open";
        let mut family =
            encoder.encode_descriptor("traefik_open_connections", help, None, MetricType::Gauge)?;
        for name in both {
            let counters = self.entry_point(name);
            let open = counters
                .opened
                .load(Relaxed)
                .saturating_sub(counters.closed.load(Relaxed));
            let labels = vec![("entrypoint", name.as_str()), ("protocol", "TCP")];
            family.encode_family(&labels)?.encode_gauge(&open)?;
        }
        let help = "Connections closed because the client broke the protocol";
        let name = "kinglet_ingress_malformed_requests";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for name in both {
            let malformed = self.entry_point(name).malformed.load(Relaxed);
            let labels = vec![("entrypoint", name.as_str())];
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
        format!("Time to the end of the response, of {of}"),
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
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn workers_add_up_under_traefiks_names() {
        let metrics = Metrics::default();
        let key = Key {
            entry_point: EntryPoint::Web,
            router: "r".into(),
            service: "s".into(),
            status: 200,
            method: "GET",
            protocol: "http",
        };
        for worker in [metrics.recorder(), metrics.recorder()] {
            worker.opened(EntryPoint::Web);
            worker.record(&key, Duration::from_millis(200), 10);
            worker.record(&key, Duration::from_secs(9), 10);
        }
        metrics.recorder().closed(EntryPoint::Web, true);
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
