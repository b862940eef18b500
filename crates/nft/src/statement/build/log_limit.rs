//! Counter, log and limit statements.

use crate::object::Rule;
use crate::statement::{Limit, Log, Statement};

/// Counter, log and limit statements.
impl Rule {
    /// Counts packets and octets.
    pub fn counter(self) -> Self {
        self.with(Statement::Counter)
    }

    /// Counts with a named counter.
    pub fn counter_named(self, name: impl Into<String>) -> Self {
        self.with(Statement::NamedCounter(name.into()))
    }

    /// Logs the packet.
    pub fn log(self, log: Log) -> Self {
        self.with(log)
    }

    /// Goes on at a limited rate.
    pub fn limit(self, limit: Limit) -> Self {
        self.with(limit)
    }
}
