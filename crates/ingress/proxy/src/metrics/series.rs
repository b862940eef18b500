//! Series: the counters of the requests that have the same labels.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::entry_point::EntryPointId;

/// Upper bounds of the duration buckets, in seconds (Traefik's default).
pub(super) const BUCKETS: [f64; 4] = [0.1, 0.3, 1.2, 5.0];

/// The series of one worker; locked when a series is new and during a scrape.
#[derive(Debug, Default)]
pub(super) struct WorkerSeries(pub(super) Mutex<Vec<(Key, Arc<Series>)>>);

/// The labels of a series.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) entry_point: EntryPointId,
    /// Empty when no router took the request.
    pub(crate) router: Arc<str>,
    /// Empty when the router has no service.
    pub(crate) service: Arc<str>,
    pub(crate) status: u16,
    pub(crate) method: &'static str,
    pub(crate) protocol: &'static str,
}

#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) requests: AtomicU64,
    pub(super) micros: AtomicU64,
    pub(super) response_bytes: AtomicU64,
    pub(super) buckets: [AtomicU64; BUCKETS.len()],
}

impl Series {
    pub(super) fn record(&self, duration: Duration, response_bytes: u64) {
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

/// Adds to a counter that has a single writer: load and store instead of a locked instruction.
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(amount), Relaxed);
}
