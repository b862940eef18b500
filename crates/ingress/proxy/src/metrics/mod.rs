//! Counters under the names that Traefik gives them.
//!
//! Each worker counts for itself, in series that only it writes; a scrape adds them up. Counting a request is
//! one look-up in the worker's own map and a few plain stores.

mod exposition;

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;

use crate::EntryPoint;

/// Upper bounds of the duration buckets, in seconds (Traefik's default).
const BUCKETS: [f64; 4] = [0.1, 0.3, 1.2, 5.0];

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
