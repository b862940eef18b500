//! Sets, maps and verdict maps.

use std::time::Duration;

use crate::statement::Key;
use crate::types::DataType;

/// What a map maps to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MapData {
    /// What becomes of the packet.
    Verdict,
    /// A value or a concatenation.
    Types(Vec<DataType>),
}

/// A set or a map. Elements are given apart from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its name, unique in its table.
    pub name: String,
    /// The types of the key's parts.
    pub key: Vec<DataType>,
    /// Set for a map.
    pub data: Option<MapData>,
    /// Elements may be ranges; keys must be in network order (no marks).
    pub interval: bool,
    /// Elements may not change while a rule uses the set.
    pub constant: bool,
    /// Elements may have timeouts.
    pub timeouts: bool,
    /// Rules may add elements.
    pub dynamic: bool,
    /// Timeout of elements that have none of their own.
    pub timeout: Option<Duration>,
    /// How often expired elements are collected.
    pub gc_interval: Option<Duration>,
    /// Most elements.
    pub size: Option<u32>,
    /// Each element counts packets and octets.
    pub counters: bool,
    /// The `nft` program merges adjacent ranges that it adds; the kernel does not care.
    pub auto_merge: bool,
    /// Printed instead of the key's types.
    pub typeof_key: Option<Key>,
    /// Printed instead of the data's types.
    pub typeof_data: Option<Key>,
    /// At most 127 octets.
    pub comment: Option<String>,
}

impl Set {
    /// A set whose key has one part or several.
    pub fn new(name: impl Into<String>, key: impl Into<Vec<DataType>>) -> Self {
        Self {
            name: name.into(),
            key: key.into(),
            data: None,
            interval: false,
            constant: false,
            timeouts: false,
            dynamic: false,
            timeout: None,
            gc_interval: None,
            size: None,
            counters: false,
            auto_merge: false,
            typeof_key: None,
            typeof_data: None,
            comment: None,
        }
    }

    /// A map to values.
    pub fn map(
        name: impl Into<String>,
        key: impl Into<Vec<DataType>>,
        data: impl Into<Vec<DataType>>,
    ) -> Self {
        Self {
            data: Some(MapData::Types(data.into())),
            ..Self::new(name, key)
        }
    }

    /// A map to verdicts.
    pub fn vmap(name: impl Into<String>, key: impl Into<Vec<DataType>>) -> Self {
        Self {
            data: Some(MapData::Verdict),
            ..Self::new(name, key)
        }
    }

    /// Lets elements be ranges.
    pub fn interval(mut self) -> Self {
        self.interval = true;
        self
    }

    /// Forbids changes while a rule uses the set.
    pub fn constant(mut self) -> Self {
        self.constant = true;
        self
    }

    /// Lets rules add elements.
    pub fn dynamic(mut self) -> Self {
        self.dynamic = true;
        self
    }

    /// Lets elements have timeouts, without one for all.
    pub fn timeouts(mut self) -> Self {
        self.timeouts = true;
        self
    }

    /// Sets the timeout of elements that have none of their own.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how often expired elements are collected.
    pub fn gc_interval(mut self, interval: Duration) -> Self {
        self.gc_interval = Some(interval);
        self
    }

    /// Limits the number of elements.
    pub fn size(mut self, size: u32) -> Self {
        self.size = Some(size);
        self
    }

    /// Lets each element count.
    pub fn counters(mut self) -> Self {
        self.counters = true;
        self
    }

    /// Tells the `nft` program to merge ranges.
    pub fn auto_merge(mut self) -> Self {
        self.auto_merge = true;
        self
    }

    /// Makes the `nft` program print fields instead of the types of the key (`typeof`), which it must know:
    /// headers, meta, numgen.
    pub fn typeof_key(mut self, key: impl Into<Key>) -> Self {
        self.typeof_key = Some(key.into());
        self
    }

    /// As [`typeof_key`](Self::typeof_key), for the data.
    pub fn typeof_data(mut self, key: impl Into<Key>) -> Self {
        self.typeof_data = Some(key.into());
        self
    }

    /// Sets the comment.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }
}
