//! The durable copy of the store: one redb database with a row per object and the revision counter.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use kinglet_model::ObjectName;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use redb::backends::FileBackend;
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};

use super::holder;
use super::object::{Key, Stored};

const OBJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("objects");
const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");
const REVISION: &str = "revision";
const PROBES: TableDefinition<'_, (), &[u8]> = TableDefinition::new("probes");
/// Least size of a probe: a page or two are nearly always free in the file itself.
const PROBE: usize = 64 << 10;

/// The database cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The database itself fails.
    #[error(transparent)]
    Database(#[from] Box<redb::Error>),
    /// Another process has the database open.
    #[error("{path} is in use by {holder}; stop it, or choose another data directory")]
    InUse {
        /// The file.
        path: PathBuf,
        /// The process, by name and number where the system tells.
        holder: String,
    },
    /// A row is not what was written.
    #[error("row {key:?} is damaged: {source}")]
    Row {
        /// The row's key, collection, namespace and name.
        key: String,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
}

impl DiskError {
    /// Whether there is no room for what was written.
    pub(crate) fn is_full(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let redb::Error::Io(error) = error.as_ref() else {
            return false;
        };
        matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    }
}

/// Turns the many error types of redb into one.
fn failed(error: impl Into<redb::Error>) -> DiskError {
    DiskError::Database(Box::new(error.into()))
}

/// What a database holds.
pub(crate) struct Contents {
    pub(crate) revision: u64,
    pub(crate) objects: Vec<(Arc<str>, Stored)>,
}

/// One row to write: the state of an object, or `None` when it is deleted.
pub(crate) type Row<'a> = (&'a Key, Option<&'a Stored>);

/// An open database.
pub(crate) struct Disk {
    database: Database,
}

impl Disk {
    /// Opens or creates the database, which only its owner can read: it holds Secrets. A database that was
    /// not closed is repaired.
    pub(crate) fn open(path: &Path) -> Result<Self, DiskError> {
        Self::from_file(path, open_file(path, true)?)
    }

    /// Opens the database again after a failure.
    pub(crate) fn reopen(path: &Path) -> Result<Self, DiskError> {
        let file = open_file(path, false)?;
        // Pages whose writing failed count as clean in the kernel's cache, and would be read as if they were
        // on disk. A file system that cannot drop them has no disk behind it.
        let _best_effort = posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
        Self::from_file(path, file)
    }

    fn from_file(path: &Path, file: File) -> Result<Self, DiskError> {
        let opened = FileBackend::new(file).and_then(|backend| {
            Database::builder()
                // All objects are in memory already: the pages are read once, at the start.
                .set_cache_size(4 << 20)
                .create_with_backend(backend)
        });
        match opened {
            Ok(database) => Ok(Self { database }),
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => Err(DiskError::InUse {
                path: path.to_owned(),
                holder: holder::of(path),
            }),
            Err(error) => Err(failed(error)),
        }
    }

    /// The revision of the last commit.
    pub(crate) fn revision(&self) -> Result<u64, DiskError> {
        let transaction = self.database.begin_read().map_err(failed)?;
        match transaction.open_table(COUNTERS) {
            // Nothing has been written yet: tables are made by the first write.
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(0),
            table => revision_of(&table.map_err(failed)?),
        }
    }

    /// Writes and removes so many bytes: an error tells that a write would fail.
    pub(crate) fn probe(&self, bytes: usize) -> Result<(), DiskError> {
        let content = vec![0; bytes.max(PROBE)];
        let commit = |content: Option<&[u8]>| {
            let mut transaction = self.database.begin_write().map_err(failed)?;
            transaction
                .set_durability(Durability::Immediate)
                .map_err(failed)?;
            // Tables borrow the transaction and have to be closed before it is committed.
            {
                let mut table = transaction.open_table(PROBES).map_err(failed)?;
                match content {
                    Some(content) => table.insert((), content).map_err(failed)?,
                    None => table.remove(()).map_err(failed)?,
                };
            }
            transaction.commit().map_err(failed)
        };
        commit(Some(&content))?;
        commit(None)
    }

    /// Reads everything.
    pub(crate) fn load(&self) -> Result<Contents, DiskError> {
        let mut contents = Contents {
            revision: 0,
            objects: Vec::new(),
        };
        let transaction = self.database.begin_read().map_err(failed)?;
        let counters = match transaction.open_table(COUNTERS) {
            // Nothing has been written yet: tables are made by the first write.
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(contents),
            other => other.map_err(failed)?,
        };
        contents.revision = revision_of(&counters)?;
        let objects = transaction.open_table(OBJECTS).map_err(failed)?;
        for row in objects.iter().map_err(failed)? {
            let (key, json) = row.map_err(failed)?;
            contents.objects.push(decode_row(key.value(), json.value())?);
        }
        Ok(contents)
    }

    /// Writes rows and the revision counter in one durable transaction: when this returns, they survive a
    /// power cut.
    pub(crate) fn commit(&self, revision: u64, rows: &[Row<'_>]) -> Result<(), DiskError> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction
            .set_durability(Durability::Immediate)
            .map_err(failed)?;
        // Tables borrow the transaction and have to be closed before it is committed.
        {
            let mut objects = transaction.open_table(OBJECTS).map_err(failed)?;
            for (key, stored) in rows {
                let key = encode_key(key);
                match stored {
                    Some(stored) => objects
                        .insert(key.as_str(), stored.json.as_ref())
                        .map_err(failed)?,
                    None => objects.remove(key.as_str()).map_err(failed)?,
                };
            }
            // In the same transaction: a revision must never be given out twice.
            let mut counters = transaction.open_table(COUNTERS).map_err(failed)?;
            counters.insert(REVISION, revision).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}

fn open_file(path: &Path, create: bool) -> Result<File, DiskError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(create)
        // It is the database of the last run.
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(redb::StorageError::Io)
        .map_err(failed)
}

fn revision_of(counters: &ReadOnlyTable<&str, u64>) -> Result<u64, DiskError> {
    let revision = counters.get(REVISION).map_err(failed)?;
    Ok(revision.map_or(0, |revision| revision.value()))
}

/// Collection, namespace and name, separated by NUL, which none of them can contain.
fn encode_key(key: &Key) -> String {
    format!("{}\0{}\0{}", key.collection, key.name.namespace, key.name.name)
}

fn decode_row(key: &str, json: &[u8]) -> Result<(Arc<str>, Stored), DiskError> {
    let mut parts = key.splitn(3, '\0').map(Arc::<str>::from);
    let mut part = || parts.next().unwrap_or_default();
    let collection = part();
    let name = ObjectName {
        namespace: part(),
        name: part(),
    };
    let stored = Stored::decode(name, Bytes::copy_from_slice(json)).map_err(|source| DiskError::Row {
        key: key.replace('\0', "/"),
        source,
    })?;
    Ok((collection, stored))
}
