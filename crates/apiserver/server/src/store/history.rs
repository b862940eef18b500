//! The recent changes of one collection, from which watches resume.

use std::collections::VecDeque;
use std::sync::Arc;

use super::object::Stored;

/// A change of one object.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The revision of the change.
    pub(crate) revision: u64,
    /// The new state; for a deletion the last state, with the deletion's revision.
    pub(crate) object: Arc<Stored>,
    /// The state before, if there was one.
    pub(crate) previous: Option<Arc<Stored>>,
    /// Whether the object is gone.
    pub(crate) deleted: bool,
}

/// The wanted revision is older than what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compacted;

/// Bounds of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistoryLimits {
    /// Events kept at most.
    pub(crate) events: usize,
    /// Encoded bytes kept at most.
    pub(crate) bytes: usize,
}

/// Events in order of their revisions, bounded; the oldest are forgotten first.
#[derive(Debug)]
pub(crate) struct History {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Every event after this revision is present.
    floor: u64,
    limits: HistoryLimits,
}

impl History {
    /// An empty history that knows of all changes after `floor`.
    pub(crate) fn new(floor: u64, limits: HistoryLimits) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            floor,
            limits,
        }
    }

    /// Appends an event whose revision is higher than all before.
    pub(crate) fn push(&mut self, event: Arc<Event>) {
        self.bytes += event.object.json.len();
        self.events.push_back(event);
        while self.events.len() > self.limits.events || self.bytes > self.limits.bytes {
            let Some(oldest) = self.events.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.object.json.len());
            self.floor = oldest.revision;
        }
    }

    /// The events after a revision, oldest first.
    pub(crate) fn after(&self, revision: u64) -> Result<impl Iterator<Item = &Arc<Event>>, Compacted> {
        if revision < self.floor {
            return Err(Compacted);
        }
        let start = self.events.partition_point(|event| event.revision <= revision);
        Ok(self.events.range(start..))
    }
}
