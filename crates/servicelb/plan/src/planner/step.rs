//! Writes, and the Events that go with them.

use std::sync::Arc;

use kinglet_model::{ObjectName, Service};
use serde_json::Value;

use crate::names::{FINALIZER, FINALIZER_LEGACY};
use crate::status::Status;

/// One write. The next is planned when the result of this one has been seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `metadata.finalizers` become these.
    Finalizers(Vec<Box<str>>),
    /// Our part of the status changes.
    Status {
        /// What it was when this was planned.
        from: Box<Status>,
        /// What it becomes.
        to: Box<Status>,
    },
    /// A DaemonSet is created or replaced.
    Apply {
        /// The DaemonSet.
        set: Value,
        /// `metadata.resourceVersion` of the DaemonSet that it replaces; it is created if there is none.
        replaces: Option<Arc<str>>,
    },
    /// A DaemonSet is deleted.
    Delete(ObjectName),
    /// Nothing is written; the Events are due once, until there is another plan, or none.
    Tell,
}

/// What becomes of our finalizer on a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnFinalizer {
    Add,
    Keep,
    Remove,
}

impl Step {
    /// The write of our part of the status.
    pub(super) fn status(from: Status, to: Status) -> Self {
        Self::Status {
            from: Box::new(from),
            to: Box::new(to),
        }
    }

    /// The write of `metadata.finalizers`; `None` if they are right. The finalizer of old versions of K3s
    /// always goes: nobody else would remove it, and the Service could never be deleted.
    pub(super) fn finalizers(service: &Service, own: OwnFinalizer) -> Option<Self> {
        let present = &service.metadata.finalizers;
        let mut finalizers = present.clone();
        let removes_own = own == OwnFinalizer::Remove;
        finalizers.retain(|one| &**one != FINALIZER_LEGACY && !(removes_own && &**one == FINALIZER));
        finalizers.extend((own == OwnFinalizer::Add).then(|| FINALIZER.into()));
        (finalizers != *present).then_some(Self::Finalizers(finalizers))
    }
}

/// Type of an Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// `Normal`
    Normal,
    /// `Warning`
    Warning,
}

/// An Event about the Service, due when the step is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `type`
    pub event_type: EventType,
    /// `reason`
    pub reason: &'static str,
    /// `note`
    pub text: String,
}

impl Note {
    pub(super) fn normal(reason: &'static str, text: impl Into<String>) -> Self {
        Self {
            event_type: EventType::Normal,
            reason,
            text: text.into(),
        }
    }

    pub(super) fn warning(reason: &'static str, text: impl Into<String>) -> Self {
        Self {
            event_type: EventType::Warning,
            reason,
            text: text.into(),
        }
    }
}

/// The next write for a Service, and the Events that go with it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServicePlan {
    /// The write.
    pub step: Step,
    /// The Events.
    pub notes: Vec<Note>,
    /// Whether a moment later the write is likely to say more: agents are about to confirm what they serve,
    /// and nothing is to be withdrawn.
    pub can_wait: bool,
}

impl ServicePlan {
    pub(super) fn new(step: Step, notes: impl IntoIterator<Item = Note>) -> Self {
        let notes = notes.into_iter().collect();
        Self {
            step,
            notes,
            can_wait: false,
        }
    }

    /// Deletes a DaemonSet.
    pub(super) fn delete(set: &ObjectName) -> Self {
        let text = format!("Deleted LoadBalancer DaemonSet {set}");
        Self::new(
            Step::Delete(set.clone()),
            [Note::normal("DeletedDaemonSet", text)],
        )
    }
}
