//! Counters of one listener's worker.
//!
//! Each UDP worker has a shard of its own, which nobody else writes, so that counting costs plain memory
//! writes; the tasks of a listener share another one. The exporter adds them up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use kinglet_dns_wire::Rcode;

use super::plugin::PluginIndex;
use super::status::Status;

/// Query types that metrics tell apart, as CoreDNS does; the last stands for all others.
pub(crate) const TYPES: [(u16, &str); 19] = [
    (1, "A"),
    (28, "AAAA"),
    (5, "CNAME"),
    (48, "DNSKEY"),
    (43, "DS"),
    (15, "MX"),
    (50, "NSEC3"),
    (47, "NSEC"),
    (2, "NS"),
    (12, "PTR"),
    (46, "RRSIG"),
    (6, "SOA"),
    (33, "SRV"),
    (16, "TXT"),
    (65, "HTTPS"),
    (64, "SVCB"),
    (251, "IXFR"),
    (252, "AXFR"),
    (255, "ANY"),
];
/// Response codes 0 to 16; higher ones are counted with the last, so that clients cannot make new series.
pub(crate) const RCODES: usize = 17;
/// Upper bounds of message sizes, in octets: those of CoreDNS, so that its dashboards show the same buckets.
pub(crate) const SIZES: [u64; 14] = [
    0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000,
];
/// Number of bounds of durations: 250 microseconds, and twice as much each time, as in CoreDNS.
pub(crate) const DURATIONS: usize = 16;
/// The first bound of durations, in nanoseconds.
pub(crate) const FIRST_DURATION: u64 = 250_000;

/// `proto` of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proto {
    Udp,
    Tcp,
}

/// `family` of a client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

/// A histogram: one count per bound and one for what is above all, and the sum.
#[derive(Debug)]
pub(crate) struct Buckets<const N: usize> {
    pub(crate) counts: [AtomicU64; N],
    pub(crate) above: AtomicU64,
    pub(crate) sum: AtomicU64,
}

impl<const N: usize> Default for Buckets<N> {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            above: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }
}

/// Everything that is counted per query.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    /// The `server` label, for instance `dns://127.0.0.1:53`.
    pub(crate) server: String,
    /// Whether more than one thread writes.
    shared: bool,
    /// By protocol, family and index of the type.
    pub(crate) requests: [[[AtomicU64; TYPES.len() + 1]; 2]; 2],
    /// By plugin and response code.
    pub(crate) responses: [[AtomicU64; RCODES]; PluginIndex::COUNT],
    /// Replies to messages that are no proper queries, by response code.
    pub(crate) rejected: [AtomicU64; RCODES],
    /// Messages that got no reply.
    pub(crate) ignored: AtomicU64,
    /// Queries with the DO bit.
    pub(crate) dnssec_ok: AtomicU64,
    /// By protocol.
    pub(crate) request_sizes: [Buckets<{ SIZES.len() }>; 2],
    /// By protocol.
    pub(crate) response_sizes: [Buckets<{ SIZES.len() }>; 2],
    /// In nanoseconds.
    pub(crate) durations: Buckets<DURATIONS>,
}

impl Shard {
    /// A shard; `shared` if more than one thread will write it.
    pub(crate) fn new(server: String, shared: bool) -> Self {
        Self {
            server,
            shared,
            ..Self::default()
        }
    }

    fn add(&self, counter: &AtomicU64, number: u64) {
        if self.shared {
            counter.fetch_add(number, Relaxed);
        } else {
            // Nobody else writes, so no update can be lost, and a locked instruction per counter is saved.
            counter.store(counter.load(Relaxed).wrapping_add(number), Relaxed);
        }
    }

    fn add_at(&self, counters: &[AtomicU64], index: usize) {
        if let Some(counter) = counters.get(index).or(counters.last()) {
            self.add(counter, 1);
        }
    }

    /// A query came: its client, its type and its length in octets.
    pub(crate) fn request(&self, proto: Proto, family: Family, status: &Status, len: usize) {
        if let Some(by_type) = self
            .requests
            .get(proto as usize)
            .and_then(|by| by.get(family as usize))
        {
            self.add_at(by_type, type_index(status.qtype));
        }
        if status.dnssec_ok {
            self.add(&self.dnssec_ok, 1);
        }
        if let Some(sizes) = self.request_sizes.get(proto as usize) {
            self.size(sizes, len);
        }
    }

    /// It was answered with so many octets.
    pub(crate) fn response(&self, proto: Proto, status: &Status, len: usize) {
        if let Some(by_rcode) = self.responses.get(status.plugin.index()) {
            self.add_at(by_rcode, usize::from(status.rcode.0));
        }
        if let Some(sizes) = self.response_sizes.get(proto as usize) {
            self.size(sizes, len);
        }
    }

    /// The reply says that the message was no proper query.
    pub(crate) fn rejection(&self, rcode: Rcode) {
        self.add_at(&self.rejected, usize::from(rcode.0));
    }

    /// The message got no reply.
    pub(crate) fn ignore(&self) {
        self.add(&self.ignored, 1);
    }

    /// So many queries took so long from being read to being answered.
    pub(crate) fn took(&self, duration: Duration, queries: u64) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bounds = (0..DURATIONS).map(|k| FIRST_DURATION << k);
        self.observe(&self.durations, bounds, nanoseconds, queries);
    }

    fn size(&self, sizes: &Buckets<{ SIZES.len() }>, len: usize) {
        self.observe(sizes, SIZES.into_iter(), len as u64, 1);
    }

    fn observe<const N: usize>(
        &self,
        buckets: &Buckets<N>,
        bounds: impl Iterator<Item = u64>,
        value: u64,
        number: u64,
    ) {
        let bucket = buckets
            .counts
            .iter()
            .zip(bounds)
            .find(|&(_, bound)| value <= bound);
        self.add(bucket.map_or(&buckets.above, |(count, _)| count), number);
        self.add(&buckets.sum, value.saturating_mul(number));
    }
}

fn type_index(qtype: u16) -> usize {
    TYPES
        .iter()
        .position(|&(number, _)| number == qtype)
        .unwrap_or(TYPES.len())
}
