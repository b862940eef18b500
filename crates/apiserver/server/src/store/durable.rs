//! The database over failures of the disk: what cannot be written is refused until it can be, without a
//! restart.
//!
//! After one failed write redb refuses everything until it is opened anew. Whether the failed transaction
//! became durable is not known before that: then the revision on disk tells.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::disk::{Disk, DiskError, Row};
use super::history::Event;
use super::object::Key;

/// Pauses between attempts to open a failed database, doubled from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

/// Why the database cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file and what the system says.
    pub(crate) message: Arc<str>,
    /// Whether there is no room.
    pub(crate) full: bool,
}

/// What the writer knows and others may ask for: what is wrong now.
pub(super) type Health = watch::Sender<Option<Problem>>;

/// Changes that are committed together.
pub(super) type Group = Vec<(Key, Event)>;

/// A database that is opened again after a failure.
pub(super) struct Durable {
    path: PathBuf,
    disk: Option<Disk>,
    health: Health,
    /// The group whose commit failed, and its last revision: the disk may have it or not.
    unknown: Option<(u64, Group)>,
    pause: Duration,
    next: Instant,
}

impl Durable {
    pub(super) fn new(path: &Path, disk: Disk, health: Health) -> Self {
        Self {
            path: path.to_owned(),
            disk: Some(disk),
            health,
            unknown: None,
            pause: PAUSES.0,
            next: Instant::now(),
        }
    }

    /// Commits a group and gives it back, to be published; nobody may see it before.
    pub(super) fn commit(&mut self, revision: u64, group: Group) -> Result<Group, Problem> {
        let Some(disk) = &self.disk else {
            return Err(self.problem());
        };
        match disk.commit(revision, &rows(&group)) {
            Ok(()) => Ok(group),
            Err(error) => {
                self.unknown = Some((revision, group));
                self.pause = PAUSES.0;
                self.fail(&error);
                Err(self.problem())
            }
        }
    }

    /// When to try again; nothing while all is well.
    pub(super) fn due(&self) -> Option<Duration> {
        let failed = self.disk.is_none();
        failed.then(|| self.next.saturating_duration_since(Instant::now()))
    }

    /// Opens the database again if it is time to. A group that turns out to be on disk is to be published.
    pub(super) fn recover(&mut self, revision: u64) -> Option<Group> {
        if self.due()? > Duration::ZERO {
            return None;
        }
        match self.reopen(revision) {
            Ok(found) => {
                tracing::info!(path = %self.path.display(), "the API server's store can be written again");
                self.health.send_replace(None);
                self.pause = PAUSES.0;
                found
            }
            Err(error) => {
                self.pause = (self.pause * 2).min(PAUSES.1);
                self.fail(&error);
                None
            }
        }
    }

    fn reopen(&mut self, revision: u64) -> Result<Option<Group>, DiskError> {
        let disk = Disk::reopen(&self.path)?;
        let on_disk = disk.revision()?;
        let size = self.unknown.as_ref().map_or(0, |(_, group)| size_of(group));
        // Before it is called good: as much as was refused must find room.
        disk.probe(size)?;
        self.disk = Some(disk);
        let found = self.unknown.take().filter(|(last, _)| *last == on_disk);
        if found.is_none() && on_disk != revision {
            tracing::error!(
                on_disk,
                revision,
                "the API server's store holds another revision than expected"
            );
        }
        Ok(found.map(|(_, group)| group))
    }

    fn fail(&mut self, error: &DiskError) {
        // Its lock has to go before the file is opened again.
        self.disk = None;
        self.next = Instant::now() + self.pause;
        let message = format!("{}: {error}", self.path.display());
        let known = self
            .health
            .borrow()
            .as_ref()
            .is_some_and(|known| *known.message == *message);
        if !known {
            tracing::error!(path = %self.path.display(), %error, "the API server's store cannot write");
        }
        self.health.send_replace(Some(Problem {
            message: message.into(),
            full: error.is_full(),
        }));
    }

    fn problem(&self) -> Problem {
        self.health.borrow().clone().unwrap_or_else(|| Problem {
            message: "closed".into(),
            full: false,
        })
    }
}

fn rows(group: &Group) -> Vec<Row<'_>> {
    group
        .iter()
        .map(|(key, event)| (key, (!event.deleted).then_some(&*event.object)))
        .collect()
}

fn size_of(group: &Group) -> usize {
    group.iter().map(|(_, event)| event.object.json.len()).sum()
}
