//! What a running Kinglet tells about itself: log lines, metrics, health; and [`Blocking`] values, which what
//! talks to the kernel needs.
//!
//! Components register their metrics in a [`Registry`] and open a [`Gate`] when they are ready. The
//! composition root makes both, and the [`AdminServer`] shows them over HTTP.
//!
//! Invariant: knows no component; nothing is global but the log subscriber, which only the binary installs.

mod admin;
mod blocking;
mod logging;
mod readiness;

pub use admin::AdminServer;
pub use blocking::{Blocking, WorkerPanicked};
pub use logging::{FilterError, LogFilter, LogFormat, init_logging};
/// The registry of metrics that `/metrics` shows.
pub use prometheus_client::registry::Registry;
pub use readiness::{Gate, Readiness};
