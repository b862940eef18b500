//! Conditions in the status of objects.

use std::sync::Arc;

use serde::Deserialize;

/// An entry of `status.conditions`, without its times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// `type`, unique among the conditions of an object.
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    /// `True`, `False` or `Unknown`.
    pub status: Arc<str>,
    /// Machine-readable reason in CamelCase.
    #[serde(deserialize_with = "crate::object::nullable")]
    pub reason: Arc<str>,
    /// The text for people.
    #[serde(deserialize_with = "crate::object::nullable")]
    pub message: Arc<str>,
}

impl Condition {
    /// Whether what the type says is the case.
    pub fn is_true(&self) -> bool {
        &*self.status == "True"
    }

    /// Whether the condition of a type is there and true.
    pub fn is_met(conditions: &[Self], kind: &str) -> bool {
        conditions.iter().any(|one| &*one.kind == kind && one.is_true())
    }
}
