//! The connections to the kernel of one network namespace.

use kinglet_nft::{Batch, Change, Connection, Conntrack, Error, Filter, Ownership, Set};

use crate::flows::Stale;
use crate::present::Present;
use crate::services::table;
use crate::settings::Settings;

/// `ENOENT`
const NOT_THERE: i32 = 2;

/// The connections to the kernel of one network namespace: its rules and its tracked connections. Calls block
/// as long as the kernel works.
#[derive(Debug)]
pub struct Kernel {
    pub(super) rules: Rules,
    pub(super) tracked: Tracked,
}

/// The rules of the network namespace.
#[derive(Debug)]
pub(super) struct Rules(Connection);

/// The tracked connections of the network namespace.
#[derive(Debug)]
pub(super) struct Tracked(Conntrack);

impl Kernel {
    /// Connects to the network namespace of the calling thread, and stays there when it moves to another
    /// thread.
    ///
    /// # Errors
    /// Netlink sockets cannot be opened.
    pub fn open() -> Result<Self, Error> {
        Ok(Self {
            rules: Rules(Connection::open()?),
            tracked: Tracked(Conntrack::open()?),
        })
    }

    /// The ownership for the table: that of the one that is there, which the kernel lets nobody change; else
    /// the best that the kernel has.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub fn ownership(&mut self) -> Result<Ownership, Error> {
        self.rules.ownership()
    }

    /// What the table holds; nothing if it is missing, or not built as this version builds it.
    ///
    /// # Errors
    /// The kernel refuses to list, or another program owns the table.
    pub fn present(&mut self, settings: &Settings) -> Result<Option<Present>, Error> {
        self.rules.present(settings)
    }

    /// Applies a batch, all of it or nothing.
    ///
    /// # Errors
    /// The kernel refuses the batch.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), Error> {
        self.rules.commit(batch)
    }

    /// Deletes tracked connections and memories of clients that do not fit any more; returns how many.
    ///
    /// # Errors
    /// The kernel refuses to list or to delete.
    pub fn forget(&mut self, stale: &Stale) -> Result<usize, Error> {
        Ok(self.rules.forget(stale)? + self.tracked.forget(stale)?)
    }

    /// Removes the table, if it is there.
    ///
    /// # Errors
    /// The kernel refuses, or another program owns the table.
    pub fn remove(&mut self) -> Result<(), Error> {
        self.rules.remove()
    }
}

impl Rules {
    pub(super) fn ownership(&mut self) -> Result<Ownership, Error> {
        match self.0.table(&table(Ownership::Shared))? {
            Some(listed) => Ok(listed.ownership),
            None => self.0.ownership(),
        }
    }

    pub(super) fn present(&mut self, settings: &Settings) -> Result<Option<Present>, Error> {
        let table = table(Ownership::Shared);
        match self.0.table_to_change(&table)? {
            Some(_) => Present::read(&mut self.0, &table, settings),
            None => Ok(None),
        }
    }

    pub(super) fn commit(&mut self, batch: &Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        self.0.commit(batch)
    }

    /// Deletes memories of clients that do not fit any more; returns how many.
    pub(super) fn forget(&mut self, stale: &Stale) -> Result<usize, Error> {
        let mut forgotten = 0;
        for set in stale.affinity_sets() {
            forgotten += self.forget_clients(&set.set(), stale)?;
        }
        Ok(forgotten)
    }

    /// Deletes elements one by one: each may expire before.
    fn forget_clients(&mut self, set: &Set, stale: &Stale) -> Result<usize, Error> {
        let table = table(Ownership::Shared);
        let mut forgotten = 0;
        for element in self.0.elements(&table, set)? {
            if !stale.keeps(&element.key) {
                continue;
            }
            let mut batch = Batch::new();
            batch.delete_elements(&table, set, &[element]);
            match self.0.commit(&batch) {
                Ok(()) => forgotten += 1,
                Err(error) if error.errno() == Some(NOT_THERE) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(forgotten)
    }

    fn remove(&mut self) -> Result<(), Error> {
        self.0.table_to_change(&table(Ownership::Shared))?;
        let table = table(self.ownership()?);
        let mut batch = Batch::new();
        batch.add_table(&table).delete_table(&table);
        self.commit(&batch)
    }
}

impl Tracked {
    /// Deletes connections that do not fit any more; returns how many. The kernel goes through all that it
    /// tracks.
    pub(super) fn forget(&mut self, stale: &Stale) -> Result<usize, Error> {
        let mut forgotten = 0;
        for protocol in stale.protocols() {
            let filter = Filter::all().protocol(protocol);
            let wrong = self.0.entries_if(&filter, |entry| stale.contains(entry))?;
            let deletions: Vec<Change> = wrong.into_iter().map(Change::Delete).collect();
            forgotten += self.0.apply(&deletions)?;
        }
        Ok(forgotten)
    }
}
