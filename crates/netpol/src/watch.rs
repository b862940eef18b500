//! Notices when somebody else changes the table, which kernels before 6.9 cannot prevent.

use std::io;

use kinglet_nft::{Error, Family, Monitor, Table};
use kinglet_policy::TABLE;
use tokio::io::unix::AsyncFd;

use crate::sys;

/// Hears of changes of rules in the network namespace of the thread that opened it.
pub(crate) struct Watch {
    monitor: AsyncFd<Monitor>,
    table: Table,
    own: u32,
}

impl Watch {
    /// `own` is the number of the connection whose changes do not count.
    pub(crate) fn new(monitor: Monitor, own: u32) -> io::Result<Self> {
        Ok(Self {
            monitor: sys::register(monitor)?,
            table: Table::new(Family::Inet, TABLE),
            own,
        })
    }

    /// Waits until somebody else has changed the table.
    pub(crate) async fn foreign(&mut self) -> Result<(), Error> {
        loop {
            let Ok(mut ready) = self.monitor.readable_mut().await else {
                // The runtime ends.
                return std::future::pending().await;
            };
            let changed = ready.get_inner_mut().changed_by_others(&self.table, self.own);
            // Everything was taken.
            ready.clear_ready();
            if changed? {
                return Ok(());
            }
        }
    }
}

/// Waits until somebody else has changed the table; for ever if nobody can.
pub(crate) async fn foreign(watch: &mut Option<Watch>) -> Result<(), Error> {
    match watch {
        Some(watch) => watch.foreign().await,
        None => std::future::pending().await,
    }
}
