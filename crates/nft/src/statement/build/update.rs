//! Statements that change sets, marks and connection tracking.

use std::time::Duration;

use crate::expression::DynsetOperation;
use crate::object::Rule;
use crate::statement::{Dynset, Key, Mark, MarkSource, Statement};
use crate::types::Data;

/// Statements that change sets, marks and connection tracking.
impl Rule {
    /// Adds an element to a set, or restarts its timeout.
    pub fn update(self, set: impl Into<String>, key: impl Into<Key>, timeout: Option<Duration>) -> Self {
        self.with(Dynset {
            operation: DynsetOperation::Update,
            set: set.into(),
            key: key.into(),
            data: None,
            timeout,
            statements: Vec::new(),
        })
    }

    /// Adds an element to a map, or restarts its timeout.
    pub fn update_map(
        self,
        map: impl Into<String>,
        key: impl Into<Key>,
        timeout: Option<Duration>,
        data: impl Into<Data>,
    ) -> Self {
        self.with(Dynset {
            operation: DynsetOperation::Update,
            set: map.into(),
            key: key.into(),
            data: Some(data.into()),
            timeout,
            statements: Vec::new(),
        })
    }

    /// Sets the packet's mark.
    pub fn set_mark(self, mark: u32) -> Self {
        self.with(Statement::SetMark(Mark::Meta, MarkSource::Value(mark)))
    }

    /// Sets the connection's mark.
    pub fn set_ct_mark(self, mark: u32) -> Self {
        self.with(Statement::SetMark(Mark::Ct, MarkSource::Value(mark)))
    }

    /// Sets a mark to what a field, a map or the changed bits of a field give.
    pub fn set_mark_from(self, mark: Mark, source: MarkSource) -> Self {
        self.with(Statement::SetMark(mark, source))
    }

    /// Exempts the packet from connection tracking.
    pub fn notrack(self) -> Self {
        self.with(Statement::Notrack)
    }
}
