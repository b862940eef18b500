//! The counters of all workers, and a worker's way to them.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;

use super::series::{Key, Series, WorkerSeries};
use crate::entry_point::{EntryPointId, EntryPoints};

/// The proxy's metrics: register it as a collector.
#[derive(Clone, Debug)]
pub struct Metrics(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) workers: Mutex<Vec<Arc<WorkerSeries>>>,
    /// By position in the table of entry points.
    pub(super) connections: Vec<ConnectionCounters>,
}

/// Counters of the connections of an entry point.
#[derive(Debug)]
pub(super) struct ConnectionCounters {
    pub(super) entry_point: Arc<str>,
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
    /// Counters for the entry points of a table.
    pub(crate) fn new(entry_points: &EntryPoints) -> Self {
        let connections = entry_points.iter().map(|(_, entry_point)| ConnectionCounters {
            entry_point: entry_point.name.clone(),
            opened: AtomicU64::default(),
            closed: AtomicU64::default(),
            malformed: AtomicU64::default(),
        });
        Self(Arc::new(Shared {
            workers: Mutex::default(),
            connections: connections.collect(),
        }))
    }

    /// A recorder for one more worker.
    pub(crate) fn recorder(&self) -> Recorder {
        let series = Arc::<WorkerSeries>::default();
        self.0
            .workers
            .lock()
            // A worker that panicked has only counted; what it counted stays valid.
            .unwrap_or_else(PoisonError::into_inner)
            .push(series.clone());
        Recorder {
            known: RefCell::default(),
            series,
            metrics: self.clone(),
        }
    }

    fn connections(&self, entry_point: EntryPointId) -> Option<&ConnectionCounters> {
        self.0.connections.get(entry_point.index())
    }

    /// The name of an entry point, as its label; empty for one of another table.
    pub(super) fn entry_point_name(&self, entry_point: EntryPointId) -> &str {
        self.connections(entry_point)
            .map_or("", |counters| &counters.entry_point)
    }
}

impl Recorder {
    /// Counts a finished request.
    pub(crate) fn record(&self, key: &Key, duration: Duration, response_bytes: u64) {
        // The worker's own map: no lock and no shared cache line in the common case.
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
    pub(crate) fn opened(&self, entry_point: EntryPointId) {
        if let Some(counters) = self.metrics.connections(entry_point) {
            counters.opened.fetch_add(1, Relaxed);
        }
    }

    /// Counts a closed connection, and whether its client broke the protocol.
    pub(crate) fn closed(&self, entry_point: EntryPointId, malformed: bool) {
        if let Some(counters) = self.metrics.connections(entry_point) {
            counters.closed.fetch_add(1, Relaxed);
            counters.malformed.fetch_add(u64::from(malformed), Relaxed);
        }
    }
}
