//! Rules to objects of the kernel.

mod batch;
mod chains;
mod profile;
mod sets;

/// Name of the table, of family `inet`.
pub const TABLE: &str = "kinglet-netpol";

/// Name of the table that enforces the same while the other is replaced, of family `inet`.
pub const GUARD: &str = "kinglet-netpol-guard";

/// Name of the chain that denies.
pub(crate) const DENY: &str = "deny";
