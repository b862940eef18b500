//! Counters under the names that Traefik gives them.
//!
//! Each worker counts for itself, in series that only it writes; a scrape adds them up. Counting a request is
//! one look-up in the worker's own map and a few plain stores.

mod exposition;
mod recorder;
mod series;

pub use self::recorder::Metrics;
pub(crate) use self::recorder::Recorder;
pub(crate) use self::series::Key;
