//! Turns rules into the objects of the kernel: tables, chains, rules, sets and elements.

mod batch;
mod chains;
mod deny;
mod families;
mod names;
mod profile;
mod sets;

pub(crate) use batch::TableTarget;
pub(crate) use deny::denied;
pub(crate) use families::Families;
pub(crate) use names::log_prefix;
pub use names::{GUARD, TABLE};
