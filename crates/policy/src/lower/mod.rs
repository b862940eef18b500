//! Rules to objects of the kernel.

mod batch;
mod chains;
mod deny;
mod profile;
mod sets;

/// Name of the table, of family `inet`.
pub const TABLE: &str = "kinglet-netpol";

pub(crate) use deny::{denied, prefix as log_prefix};

/// Name of the table that enforces the same while the other is replaced, of family `inet`.
pub const GUARD: &str = "kinglet-netpol-guard";
