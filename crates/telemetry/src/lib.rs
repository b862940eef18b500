//! What a running Kinglet tells about itself: log lines, metrics, health, how far it lags behind; and
//! [`Blocking`] values, which what talks to the kernel needs.
//!
//! Components register their metrics in a [`Registry`], open a [`Gate`] when they are ready, and hold a
//! [`Pending`] as long as a change has not taken effect. The composition root makes these, and the
//! [`AdminServer`] shows them over HTTP.
//!
//! Invariant: knows no component; nothing is global but the log subscriber, which only the binary installs.

mod admin;
mod blocking;
mod lag;
mod logging;
mod readiness;

pub use admin::AdminServer;
pub use blocking::{Blocking, WorkerPanicked};
pub use lag::{Lag, Pending};
pub use logging::{FilterError, LogFilter, LogFormat, init_logging};
/// The registry of metrics that `/metrics` shows.
pub use prometheus_client::registry::Registry;
pub use readiness::{Gate, Part, Readiness};
