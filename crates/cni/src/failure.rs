//! Errors of the plugin.

use serde_json::{Value, json};

use crate::version;

/// Why the plugin failed: what it prints, and its number in the specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    code: u32,
    message: String,
}

impl Failure {
    fn new(code: u32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }

    /// The version of the configuration is not supported.
    pub(crate) fn version(message: String) -> Self {
        Self::new(1, message)
    }

    /// An environment variable is missing or wrong.
    pub(crate) fn environment(message: impl Into<String>) -> Self {
        Self::new(4, message)
    }

    /// The configuration cannot be read.
    pub(crate) fn decode(message: String) -> Self {
        Self::new(6, message)
    }

    /// The configuration is wrong.
    pub(crate) fn configuration(message: String) -> Self {
        Self::new(7, message)
    }

    /// The runtime is to try again later.
    pub(crate) fn later(message: impl Into<String>) -> Self {
        Self::new(11, message)
    }

    /// Pods cannot be added at the moment.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(50, message)
    }

    /// What the plugin prints.
    pub fn to_json(&self) -> Value {
        json!({"cniVersion": version::OF_ERRORS, "code": self.code, "msg": self.message})
    }
}
