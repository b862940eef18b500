//! Conditions of a status.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An entry of `status.conditions`; each kind uses some of the times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Condition {
    pub(crate) r#type: Box<str>,
    pub(crate) status: Box<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) reason: Box<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) message: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_transition_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_update_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_heartbeat_time: Option<Timestamp>,
}

impl Condition {
    pub(crate) fn is_true(&self) -> bool {
        &*self.status == "True"
    }
}

/// The condition of a type.
pub(crate) fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|one| &*one.r#type == kind)
}
