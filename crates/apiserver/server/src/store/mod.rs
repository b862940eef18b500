//! The store: every object of every kind, one global revision, durable.
//!
//! Reads come from memory and never wait for the disk. Writes go through one thread ([`writer`]) that commits
//! them in groups to redb and publishes them when they are durable: a revision that anyone has seen is on
//! disk. The recent changes of each collection are kept in memory so that watches resume; older revisions are
//! compacted. When the disk fails, reads go on, and writes are refused until it works again.

mod disk;
mod durable;
mod history;
mod holder;
mod object;
mod state;
mod writer;

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};

pub use disk::DiskError;
pub(crate) use durable::Problem;
pub(crate) use history::{Compacted, Event};
pub(crate) use object::{Key, Stored};
pub(crate) use state::{Batch, Listing};
pub(crate) use writer::{Change, Expected, WriteError};

use disk::Disk;
use durable::{Durable, Health};
use history::HistoryLimits;
use state::State;
use writer::{Message, Proposal};

/// History per collection: enough for a watch to be a few seconds late under heavy change, small enough for
/// an idle server.
const LIMITS: HistoryLimits = HistoryLimits {
    events: 4096,
    bytes: 4 << 20,
};

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The writer thread.
    #[error("cannot start the store's thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// All objects. See the module's documentation.
pub(crate) struct Store {
    state: Arc<RwLock<State>>,
    health: Health,
    sender: Sender<Message>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store in a database file, or in memory only.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, StoreError> {
        Self::open_with(path, LIMITS)
    }

    fn open_with(path: Option<&Path>, limits: HistoryLimits) -> Result<Self, StoreError> {
        let disk = path.map(Disk::open).transpose()?;
        let state = match &disk {
            Some(disk) => {
                let contents = disk.load()?;
                State::new(contents.revision, limits, contents.objects)
            }
            None => State::new(0, limits, Vec::new()),
        };
        let state = Arc::new(RwLock::new(state));
        let health = Health::default();
        let durable = path
            .zip(disk)
            .map(|(path, disk)| Durable::new(path, disk, health.clone()));
        // Loaded before the writer starts: it judges proposals by the state.
        let (sender, writer) = writer::start(state.clone(), durable)?;
        Ok(Self {
            state,
            health,
            sender,
            writer: Mutex::new(Some(writer)),
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing can be written at present.
    pub(crate) fn problem(&self) -> Option<Problem> {
        self.health.borrow().clone()
    }

    /// Is told when the disk fails and when it works again.
    pub(crate) fn health(&self) -> watch::Receiver<Option<Problem>> {
        self.health.subscribe()
    }

    /// The revision of the last write.
    pub(crate) fn revision(&self) -> u64 {
        self.read().revision()
    }

    /// An object's present state.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Stored>> {
        self.read().get(key).cloned()
    }

    /// The collections that hold objects.
    pub(crate) fn collections(&self) -> Vec<Arc<str>> {
        self.read().collections()
    }

    /// The objects of a collection, of one namespace or of all, now or as of an earlier revision.
    pub(crate) fn list(
        &self,
        collection: &str,
        namespace: Option<&str>,
        at: Option<u64>,
    ) -> Result<Listing, Compacted> {
        self.read().list(collection, namespace, at)
    }

    /// At most `limit` events of a collection after a revision.
    pub(crate) fn events_after(
        &self,
        collection: &str,
        position: u64,
        limit: usize,
    ) -> Result<Batch, Compacted> {
        self.read().events_after(collection, position, limit)
    }

    /// Is told of every change of a collection.
    pub(crate) fn subscribe(&self, collection: &str) -> watch::Receiver<u64> {
        self.state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .subscribe(collection)
    }

    /// Changes one object. When this returns, the change is durable and visible.
    pub(crate) async fn write(
        &self,
        key: Key,
        expected: Expected,
        change: Change,
    ) -> Result<Arc<Stored>, WriteError> {
        let (answer, outcome) = oneshot::channel();
        let proposal = Proposal {
            key,
            expected,
            change,
            answer,
        };
        self.sender
            .send(Message::Write(Box::new(proposal)))
            .map_err(|_| WriteError::Closed)?;
        // A dropped answer means that the writer stopped before it came to this proposal.
        outcome.await.map_err(|_| WriteError::Closed)?
    }

    /// Commits what waits, closes the database, and waits for both. Later writes fail.
    pub(crate) fn close(&self) {
        // An error means that the writer has ended already.
        let _ended = self.sender.send(Message::Stop);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the API server's store thread ended abnormally");
        }
    }
}

#[cfg(test)]
mod tests;
