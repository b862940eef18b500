//! The durable copy of the store: one redb database with a row per object and the revision counter.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use kinglet_model::ObjectName;
use redb::backends::FileBackend;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::object::{Key, Stored};

const OBJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("objects");
const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");
const REVISION: &str = "revision";

/// The database cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The database itself fails.
    #[error(transparent)]
    Database(#[from] Box<redb::Error>),
    /// A row is not what was written.
    #[error("row {key:?} is damaged: {source}")]
    Row {
        /// The row's key, collection, namespace and name.
        key: String,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
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
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            // It is the database of the last run.
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(redb::StorageError::Io)
            .map_err(failed)?;
        let database = Database::builder()
            // All objects are in memory already: the pages are read once, at the start.
            .set_cache_size(4 << 20)
            .create_with_backend(FileBackend::new(file).map_err(failed)?)
            .map_err(failed)?;
        Ok(Self { database })
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
        if let Some(revision) = counters.get(REVISION).map_err(failed)? {
            contents.revision = revision.value();
        }
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
