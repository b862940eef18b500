//! The connections to the kernel of one network namespace.

use std::collections::BTreeSet;

use kinglet_dataplane::{DataplaneSettings, ExistingTable, Stale, table};
use kinglet_nft::{Addresses, Batch, Change, Connection, Conntrack, Error, Filter, Ownership, Set, Table};

/// `ENOENT`
const NOT_THERE: i32 = 2;

/// The connections to the kernel of one network namespace: its rules and its tracked connections. Calls block
/// as long as the kernel works.
#[derive(Debug)]
pub struct Kernel {
    pub(crate) rules: Rules,
    pub(crate) connections: Connections,
}

/// The rules of the network namespace.
#[derive(Debug)]
pub(crate) struct Rules(Connection);

/// The tracked connections of the network namespace, and its addresses.
#[derive(Debug)]
pub(crate) struct Connections {
    tracked: Conntrack,
    addresses: Addresses,
}

impl Kernel {
    /// Connects to the network namespace of the calling thread, and stays there when it moves to another
    /// thread.
    ///
    /// # Errors
    /// Netlink sockets cannot be opened.
    pub fn open() -> Result<Self, Error> {
        Ok(Self {
            rules: Rules(Connection::open()?),
            connections: Connections {
                tracked: Conntrack::open()?,
                addresses: Addresses::open()?,
            },
        })
    }

    /// The ownership for the table: that of the table that is there, because the kernel lets nobody change
    /// the owner flags of a table; else the best that the kernel has.
    ///
    /// # Errors
    /// The kernel does not tell.
    pub fn ownership(&mut self) -> Result<Ownership, Error> {
        self.rules.ownership()
    }

    /// What the table holds; nothing if it is missing, or was built by another version in another way.
    ///
    /// # Errors
    /// The kernel refuses to list, or another program owns the table.
    pub fn existing(&mut self, settings: &DataplaneSettings) -> Result<Option<ExistingTable>, Error> {
        self.rules.existing(settings)
    }

    /// Applies a batch, all of it or nothing.
    ///
    /// # Errors
    /// The kernel refuses the batch.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), Error> {
        self.rules.commit(batch)
    }

    /// Deletes tracked connections to endpoints that are gone, and session affinities to them; returns how
    /// many.
    ///
    /// # Errors
    /// The kernel refuses to list or to delete.
    pub fn delete_stale(&mut self, stale: &Stale) -> Result<usize, Error> {
        Ok(self.rules.delete_stale(stale)? + self.connections.delete_stale(stale)?)
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
    pub(crate) fn ownership(&mut self) -> Result<Ownership, Error> {
        // Whatever its ownership: the kernel looks a table up by family and name.
        match self.0.table(&table(Ownership::Shared))? {
            Some(listed) => Ok(listed.ownership),
            None => self.0.ownership(),
        }
    }

    pub(crate) fn existing(&mut self, settings: &DataplaneSettings) -> Result<Option<ExistingTable>, Error> {
        let table = table(Ownership::Shared);
        match self.0.table_to_change(&table)? {
            Some(_) => self.read(&table, settings),
            None => Ok(None),
        }
    }

    fn read(&mut self, table: &Table, settings: &DataplaneSettings) -> Result<Option<ExistingTable>, Error> {
        let (sets, chains) = (self.0.sets(table)?, self.0.chains(table)?);
        ExistingTable::read(&sets, chains, settings, |set| self.0.elements(table, set))
    }

    pub(crate) fn commit(&mut self, batch: &Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        self.0.commit(batch)
    }

    /// Deletes affinities of clients to endpoints that are gone; returns how many.
    pub(crate) fn delete_stale(&mut self, stale: &Stale) -> Result<usize, Error> {
        let mut deleted = 0;
        for set in stale.affinity_sets() {
            deleted += self.delete_affinities(&set, stale)?;
        }
        Ok(deleted)
    }

    /// Deletes elements one by one: each may expire before, and one that is not there fails its whole batch.
    fn delete_affinities(&mut self, set: &Set, stale: &Stale) -> Result<usize, Error> {
        let table = table(Ownership::Shared);
        let mut deleted = 0;
        for element in self.0.elements(&table, set)? {
            if !stale.has_affinity(&element.key) {
                continue;
            }
            let mut batch = Batch::new();
            batch.delete_elements(&table, set, &[element]);
            match self.0.commit(&batch) {
                Ok(()) => deleted += 1,
                // Its timeout was faster.
                Err(error) if error.errno() == Some(NOT_THERE) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(deleted)
    }

    fn remove(&mut self) -> Result<(), Error> {
        // Names the program that owns the table, where the kernel would answer EPERM only.
        self.0.table_to_change(&table(Ownership::Shared))?;
        let table = table(self.ownership()?);
        let mut batch = Batch::new();
        // Deleting what is not there is an error; adding what is there is none.
        batch.add_table(&table).delete_table(&table);
        self.commit(&batch)
    }
}

impl Connections {
    /// Deletes connections to endpoints that are gone; returns how many. The kernel goes through all that it
    /// tracks.
    pub(crate) fn delete_stale(&mut self, stale: &Stale) -> Result<usize, Error> {
        let mut deleted = 0;
        let own = if stale.has_node_ports() {
            self.addresses.all()?
        } else {
            BTreeSet::new()
        };
        // UDP and SCTP only: the kernel leaves TCP connections out, which are most of all.
        for protocol in stale.protocols() {
            let filter = Filter::all().protocol(protocol);
            let wrong = self
                .tracked
                .entries_if(&filter, |entry| stale.contains(entry, &own))?;
            let deletions: Vec<Change> = wrong.into_iter().map(Change::Delete).collect();
            deleted += self.tracked.apply(&deletions)?;
        }
        Ok(deleted)
    }
}
