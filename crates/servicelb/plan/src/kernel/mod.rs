//! What the kernels of nodes have of their shares, as agents report it and as the controller expects it.
//!
//! All agents and servers watch all Nodes, so that a report must stay small whatever a node serves: a list
//! of 5,000 Services would go to every watcher at every change. A report has sums instead, of about 20
//! Services each ([`Sums`]), and names only what the kernel refused. Whoever computes the same share knows by
//! equal sums that all of it is there; where sums differ, what was confirmed before stays confirmed.

mod report;
mod sums;

pub use self::report::KernelReport;
pub(crate) use self::sums::{Entry, GROUPS, Sums};
