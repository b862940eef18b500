//! Notices when another program changes the table, which kernels before 6.9 cannot prevent: they have no
//! table owner that persists.

use std::io;

use kinglet_nft::{Error, Family, Monitor, Table};
use kinglet_policy::TABLE;
use tokio::io::unix::AsyncFd;

use crate::sys;

/// Hears of changes of rules in the network namespace of the thread that opened it.
pub(crate) struct TableMonitor {
    monitor: AsyncFd<Monitor>,
    table: Table,
    own_port: u32,
}

impl TableMonitor {
    /// `own_port` is the netlink port of the connection whose changes do not count.
    pub(crate) fn new(monitor: Monitor, own_port: u32) -> io::Result<Self> {
        Ok(Self {
            monitor: sys::register(monitor)?,
            table: Table::new(Family::Inet, TABLE),
            own_port,
        })
    }

    /// Waits until another program has changed the table.
    pub(crate) async fn changed_by_others(&mut self) -> Result<(), Error> {
        loop {
            let Ok(mut ready) = self.monitor.readable_mut().await else {
                // The runtime is shutting down.
                return std::future::pending().await;
            };
            let changed = ready
                .get_inner_mut()
                .changed_by_others(&self.table, self.own_port);
            // `changed_by_others` reads until the socket is empty; without this, tokio would poll it at once.
            ready.clear_ready();
            if changed? {
                return Ok(());
            }
        }
    }
}

/// Waits until another program has changed the table; for ever where the kernel prevents that.
pub(crate) async fn changed_by_others(monitor: &mut Option<TableMonitor>) -> Result<(), Error> {
    match monitor {
        Some(monitor) => monitor.changed_by_others().await,
        None => std::future::pending().await,
    }
}
