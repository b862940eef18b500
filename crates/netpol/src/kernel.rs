//! The connections to the kernel of one network namespace.

use std::collections::BTreeSet;

use kinglet_nft::{
    Batch, Connection, Conntrack, Difference, Element, Error, Family, Monitor, Ownership, Ruleset, Set, Table,
};
use kinglet_policy::{GUARD, TABLE};

use crate::leftovers;

/// The connections to the kernel of one network namespace. Calls block as long as the kernel works.
#[derive(Debug)]
pub struct Kernel {
    pub(crate) tables: Tables,
    pub(crate) conntrack: Conntrack,
    pub(crate) monitor: Monitor,
}

/// The rules of the network namespace.
#[derive(Debug)]
pub(crate) struct Tables(Connection);

impl Kernel {
    /// Connects to the network namespace of the calling thread, and stays there when it moves to another
    /// thread.
    ///
    /// # Errors
    /// Netlink sockets cannot be opened.
    pub fn open() -> Result<Self, Error> {
        Ok(Self {
            tables: Tables(Connection::open()?),
            conntrack: Conntrack::open()?,
            monitor: Monitor::open()?,
        })
    }

    /// Removes everything of ours and of kube-router, if it is there. Returns the names of what was removed.
    ///
    /// # Errors
    /// The kernel refuses, or another program owns the table.
    pub fn remove(&mut self) -> Result<Vec<String>, Error> {
        let mut removed = self.tables.remove()?;
        removed.extend(self.tables.remove_leftovers()?);
        Ok(removed)
    }
}

impl Tables {
    /// The ownership for the table: that of the table that is there, because the kernel lets nobody change
    /// the owner flags of a table; else the best that the kernel has.
    pub(crate) fn ownership(&mut self) -> Result<Ownership, Error> {
        match self.0.table(&table(TABLE, Ownership::Shared))? {
            Some(listed) => Ok(listed.ownership),
            None => self.0.ownership(),
        }
    }

    /// Whether the table is there.
    pub(crate) fn has_table(&mut self) -> Result<bool, Error> {
        Ok(self.0.table(&table(TABLE, Ownership::Shared))?.is_some())
    }

    /// The netlink port of the connection: the kernel names it in notifications of changes.
    pub(crate) fn port(&self) -> u32 {
        self.0.port()
    }

    /// The elements of a set of the table.
    pub(crate) fn elements(&mut self, set: &Set) -> Result<Vec<Element>, Error> {
        self.0.elements(&table(TABLE, Ownership::Shared), set)
    }

    /// What of a table is not as it is to be.
    pub(crate) fn differences(&mut self, wanted: &Ruleset) -> Result<BTreeSet<Difference>, Error> {
        self.0.differences(wanted)
    }

    /// Applies a batch, all of it or nothing.
    pub(crate) fn commit(&mut self, batch: &Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        self.0.commit(batch)
    }

    /// Removes what kube-router left. Returns the names of what it was in.
    pub(crate) fn remove_leftovers(&mut self) -> Result<Vec<String>, Error> {
        leftovers::remove(&mut self.0)
    }

    fn remove(&mut self) -> Result<Vec<String>, Error> {
        self.0.table_to_change(&table(TABLE, Ownership::Shared))?;
        let listed = self.0.tables()?;
        let ours = listed
            .into_iter()
            .filter(|listed| listed.family == Family::Inet && [TABLE, GUARD].contains(&&*listed.name));
        let (mut batch, mut removed) = (Batch::new(), Vec::new());
        for listed in ours {
            let table = table(&listed.name, listed.ownership);
            // Deleting what is not there is an error; adding what is there is none.
            batch.add_table(&table).delete_table(&table);
            removed.push(format!("nftables table inet {}", listed.name));
        }
        self.commit(&batch)?;
        Ok(removed)
    }
}

fn table(name: &str, ownership: Ownership) -> Table {
    Table::new(Family::Inet, name).ownership(ownership)
}
