//! Rules to objects of the kernel.

mod batch;
mod chains;
mod deny;
mod families;
mod profile;
mod sets;

/// Name of the table, of family `inet`.
pub const TABLE: &str = "kinglet-netpol";

pub(crate) use batch::Target;
pub(crate) use deny::{denied, prefix as log_prefix};
pub(crate) use families::Families;

/// Name of the table that enforces the same while the other is replaced, of family `inet`.
pub const GUARD: &str = "kinglet-netpol-guard";
