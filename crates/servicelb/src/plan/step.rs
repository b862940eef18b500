//! Writes, and what is told of them.

use std::sync::Arc;

use kinglet_kube::Severity;
use kinglet_model::ObjectName;
use serde_json::Value;

use crate::status::Status;

/// A write. One at a time: the next is planned when the result of this one has been seen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// `metadata.finalizers` become these.
    Finalizers(Vec<Box<str>>),
    /// Our part of the status becomes this, instead of the other.
    Status { from: Status, to: Status },
    /// A DaemonSet is created or, if there is one in a revision, replaced.
    Apply { set: Value, replaces: Option<Arc<str>> },
    /// A DaemonSet is deleted.
    Delete(ObjectName),
}

/// What is to be told in an Event about the Service once the step is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) severity: Severity,
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}

impl Note {
    pub(super) fn normal(reason: &'static str, text: impl Into<String>) -> Self {
        let severity = Severity::Normal;
        let text = text.into();
        Self {
            severity,
            reason,
            text,
        }
    }

    pub(super) fn warning(reason: &'static str, text: impl Into<String>) -> Self {
        let severity = Severity::Warning;
        let text = text.into();
        Self {
            severity,
            reason,
            text,
        }
    }
}

/// The next write for a Service, and what to tell of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) step: Step,
    pub(crate) notes: Vec<Note>,
}

impl Plan {
    pub(super) fn new(step: Step, notes: impl IntoIterator<Item = Note>) -> Self {
        let notes = notes.into_iter().collect();
        Self { step, notes }
    }
}
