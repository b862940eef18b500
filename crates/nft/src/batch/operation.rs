//! What an operation does, for errors.

use std::fmt;

use crate::object::Family;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Adds, or accepts what is there already.
    Add,
    /// Adds what must not be there.
    Create,
    /// Removes what must be there.
    Delete,
    /// Removes what may be there.
    Destroy,
    /// Removes what is inside.
    Flush,
}

/// To what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A table.
    Table,
    /// A chain.
    Chain,
    /// A rule; the name is that of its chain.
    Rule,
    /// A set or map.
    Set,
    /// Elements; the name is that of their set.
    Elements,
    /// A named counter.
    Counter,
}

/// An operation of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What is done.
    pub action: Action,
    /// To what.
    pub object: ObjectKind,
    /// The table's family.
    pub family: Family,
    /// The table.
    pub table: String,
    /// The object in the table, or the chain of a rule, or the set of elements.
    pub name: String,
    /// The handle of a rule.
    pub handle: Option<u64>,
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Add => "add",
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Destroy => "destroy",
            Self::Flush => "flush",
        })
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Table => "table",
            Self::Chain => "chain",
            Self::Rule => "rule",
            Self::Set => "set",
            Self::Elements => "elements of set",
            Self::Counter => "counter",
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            object,
            family,
            table,
            name,
            handle,
        } = self;
        write!(formatter, "{action} {object} {family} {table}")?;
        if !name.is_empty() {
            write!(formatter, " {name}")?;
        }
        if let Some(handle) = handle {
            write!(formatter, " handle {handle}")?;
        }
        Ok(())
    }
}
