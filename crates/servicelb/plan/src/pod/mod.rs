//! What the Pod of a DaemonSet forwards, and the rules for that.
//!
//! The environment variables are those of K3s' Pods. All containers of a Pod share its network namespace, and
//! each has a table of its own there.

mod environment;
mod rules;

pub use environment::{Forwarding, VariableError};
pub use rules::ruleset;
