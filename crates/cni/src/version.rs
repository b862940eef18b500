//! Versions of the specification.

/// Those in which results are passed on as they are. Older ones name the result of the plugins before this
/// one differently.
pub(crate) const SUPPORTED: [&str; 5] = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];
/// The newest one.
pub(crate) const NEWEST: &str = "1.1.0";
/// The version that errors are written in: a runtime of 1.0 reads it, too.
pub(crate) const OF_ERRORS: &str = "1.0.0";
