//! The rule of a kind that owns Pods: what it sees, and the writes that it needs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::objects::{Node, Pod};
use crate::owners::Selecting;

/// A kind that owns Pods.
pub(crate) trait PodOwner: Selecting {
    /// Name of its controller in Events and as field manager.
    const COMPONENT: &'static str;
    /// What a log line says when an attempt fails.
    const FAILED: &'static str;
    /// Whether a change of a node concerns it.
    const FOLLOWS_NODES: bool;

    /// The writes that it needs now.
    fn plan(&self, around: &Surroundings<'_>, now: Timestamp) -> PodPlan;
}

/// What an owner sees.
pub(crate) struct Surroundings<'a> {
    pub(crate) nodes: Vec<&'a Arc<Node>>,
    /// The Pods of its namespace.
    pub(crate) pods: Vec<&'a Arc<Pod>>,
    /// Whether the owner's writes are among them; until they are, nothing is to be created or deleted.
    pub(crate) settled: bool,
}

/// The writes that an owner needs.
#[derive(Debug, Default)]
pub(crate) struct PodPlan {
    /// Pods to take over.
    pub(crate) adopt: Vec<Arc<Pod>>,
    /// Pods to let go.
    pub(crate) release: Vec<Arc<Pod>>,
    /// New Pods.
    pub(crate) create: Vec<Value>,
    pub(crate) delete: Vec<Arc<Pod>>,
    /// A new status.
    pub(crate) status: Option<Value>,
    /// Warnings: reason and text.
    pub(crate) warnings: Vec<(&'static str, String)>,
    /// When to look again although nothing changes.
    pub(crate) again: Option<Duration>,
}
