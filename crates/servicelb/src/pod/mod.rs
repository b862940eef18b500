//! The program of a DaemonSet's Pod (`kinglet lb`): takes a port of the Pod, which the node forwards there,
//! and forwards it to the Service.
//!
//! It is told by the environment variables that K3s' Pods have. All containers of a Pod share its network
//! namespace, and each has a table of its own there; it replaces it in one step when it starts again. When
//! the Pod goes, so does its namespace.
//!
//! ```no_run
//! use kinglet_servicelb::pod::{Forwarding, apply};
//!
//! let forwarding = Forwarding::from_variables(|name| std::env::var(name).ok())?;
//! apply(&forwarding)?;
//! // and then wait for the signal to end
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod apply;
mod environment;
mod rules;

pub use apply::{ApplyError, apply};
pub use environment::{Forwarding, VariableError};
pub use rules::ruleset;
