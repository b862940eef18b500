//! The counters of all workers, and a worker's way to them.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;

use super::series::{Key, Series, WorkerSeries};
use crate::entry_point::EntryPoint;

/// The proxy's metrics: register it as a collector.
#[derive(Clone, Debug, Default)]
pub struct Metrics(pub(super) Arc<Shared>);

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) workers: Mutex<Vec<Arc<WorkerSeries>>>,
    web: PerEntryPoint,
    websecure: PerEntryPoint,
}

#[derive(Debug, Default)]
pub(super) struct PerEntryPoint {
    pub(super) opened: AtomicU64,
    pub(super) closed: AtomicU64,
    pub(super) malformed: AtomicU64,
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

    pub(super) fn entry_point(&self, entry_point: EntryPoint) -> &PerEntryPoint {
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
