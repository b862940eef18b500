//! Adds the shards up when `/metrics` is read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use kinglet_dns_wire::Rcode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::counters::{Buckets, DURATIONS, FIRST_DURATION, RCODES, SIZES, Shard, TYPES};
use super::plugin::PluginIndex;

/// The shards of all listeners.
#[derive(Debug)]
pub(crate) struct Collector {
    shards: Vec<Arc<Shard>>,
}

type Labels = Vec<(&'static str, String)>;
type Numbers = BTreeMap<Labels, u64>;

/// A histogram that adds up: counts per bound, the count above them, the sum.
#[derive(Default)]
struct Histogram {
    counts: Vec<u64>,
    above: u64,
    sum: u64,
}

impl Collector {
    /// Collects from these shards.
    pub(crate) fn new(shards: Vec<Arc<Shard>>) -> Self {
        Self { shards }
    }

    fn requests(&self) -> Numbers {
        let mut numbers = Numbers::new();
        let types = || TYPES.iter().map(|&(_, name)| name).chain(["other"]);
        for shard in &self.shards {
            for (proto, families) in ["udp", "tcp"].into_iter().zip(&shard.requests) {
                for (family, by_type) in ["1", "2"].into_iter().zip(families) {
                    for (name, counter) in types().zip(by_type) {
                        let more = [("proto", proto), ("family", family), ("type", name)];
                        add(&mut numbers, labels(shard, ".", &more), counter);
                    }
                }
            }
        }
        numbers
    }

    fn responses(&self) -> Numbers {
        let mut numbers = Numbers::new();
        for shard in &self.shards {
            let answered = PluginIndex::all().zip(&shard.responses);
            let rows = answered.map(|(plugin, by_rcode)| (".", plugin, by_rcode));
            for (zone, plugin, by_rcode) in rows.chain([("dropped", PluginIndex::SERVER, &shard.rejected)]) {
                for (rcode, counter) in (0..RCODES as u8).zip(by_rcode) {
                    let more = [("rcode", Rcode(rcode).name()), ("plugin", plugin.name())];
                    add(&mut numbers, labels(shard, zone, &more), counter);
                }
            }
        }
        numbers
    }

    fn single(&self, counter: impl Fn(&Shard) -> &AtomicU64) -> Numbers {
        let mut numbers = Numbers::new();
        for shard in &self.shards {
            add(&mut numbers, labels(shard, ".", &[]), counter(shard));
        }
        numbers
    }

    fn sizes(&self, sizes: impl Fn(&Shard) -> &[Buckets<{ SIZES.len() }>; 2]) -> BTreeMap<Labels, Histogram> {
        let mut histograms = BTreeMap::new();
        for shard in &self.shards {
            for (proto, buckets) in ["udp", "tcp"].into_iter().zip(sizes(shard)) {
                let labels = labels(shard, ".", &[("proto", proto)]);
                merge(histograms.entry(labels).or_default(), buckets);
            }
        }
        histograms
    }

    fn durations(&self) -> BTreeMap<Labels, Histogram> {
        let mut histograms = BTreeMap::new();
        for shard in &self.shards {
            merge(
                histograms.entry(labels(shard, ".", &[])).or_default(),
                &shard.durations,
            );
        }
        histograms
    }
}

impl prometheus_client::collector::Collector for Collector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut counter = |name, help, numbers| {
            counters(
                encoder.encode_descriptor(name, help, None, MetricType::Counter)?,
                &numbers,
            )
        };
        counter("coredns_dns_requests", "Queries received", self.requests())?;
        counter("coredns_dns_responses", "Replies sent", self.responses())?;
        counter(
            "coredns_dns_do_requests",
            "Queries with the DNSSEC OK (DO) bit",
            self.single(|shard| &shard.dnssec_ok),
        )?;
        counter(
            "kinglet_dns_ignored",
            "Messages that got no reply because they were no queries",
            self.single(|shard| &shard.ignored),
        )?;
        let octets: Vec<f64> = SIZES.iter().map(|&size| size as f64).collect();
        let seconds: Vec<f64> = (0..DURATIONS)
            .map(|k| (FIRST_DURATION << k) as f64 / 1e9)
            .collect();
        let mut histogram = |name, help, bounds: &[f64], unit, values| {
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
            histograms(encoder, bounds, unit, &values)
        };
        let (requests, responses) = (
            self.sizes(|shard| &shard.request_sizes),
            self.sizes(|shard| &shard.response_sizes),
        );
        histogram(
            "coredns_dns_request_size_bytes",
            "Size of queries in bytes",
            &octets,
            1.0,
            requests,
        )?;
        histogram(
            "coredns_dns_response_size_bytes",
            "Size of replies in bytes",
            &octets,
            1.0,
            responses,
        )?;
        let help = "Time from receiving a query to sending its reply";
        histogram(
            "coredns_dns_request_duration_seconds",
            help,
            &seconds,
            1e-9,
            self.durations(),
        )
    }
}

fn labels(shard: &Shard, zone: &'static str, more: &[(&'static str, &'static str)]) -> Labels {
    let own = [
        ("server", shard.server.clone()),
        ("zone", zone.into()),
        ("view", String::new()),
    ];
    let more = more.iter().map(|&(name, value)| (name, value.to_owned()));
    own.into_iter().chain(more).collect()
}

/// Adds a counter that has counted anything: CoreDNS shows a series from its first event on, and all
/// combinations of labels would be hundreds.
fn add(numbers: &mut Numbers, labels: Labels, counter: &AtomicU64) {
    match counter.load(Relaxed) {
        0 => {}
        number => *numbers.entry(labels).or_default() += number,
    }
}

fn merge<const N: usize>(histogram: &mut Histogram, buckets: &Buckets<N>) {
    histogram.counts.resize(N, 0);
    for (sum, count) in histogram.counts.iter_mut().zip(&buckets.counts) {
        *sum += count.load(Relaxed);
    }
    histogram.above += buckets.above.load(Relaxed);
    histogram.sum += buckets.sum.load(Relaxed);
}

fn counters(mut encoder: MetricEncoder<'_>, numbers: &Numbers) -> fmt::Result {
    for (labels, number) in numbers {
        encoder
            .encode_family(labels)?
            .encode_counter::<NoLabelSet, _, u64>(number, None)?;
    }
    Ok(())
}

fn histograms(
    mut encoder: MetricEncoder<'_>,
    bounds: &[f64],
    unit: f64,
    histograms: &BTreeMap<Labels, Histogram>,
) -> fmt::Result {
    for (labels, histogram) in histograms {
        let mut buckets: Vec<(f64, u64)> = bounds
            .iter()
            .copied()
            .zip(histogram.counts.iter().copied())
            .collect();
        buckets.push((f64::INFINITY, histogram.above));
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = histogram.sum as f64 * unit;
        encoder
            .encode_family(labels)?
            .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
    }
    Ok(())
}
