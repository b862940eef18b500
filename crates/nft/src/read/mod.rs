//! Lists what the kernel has: the answers to requests, read without trust.

mod elements;
mod objects;
mod values;

pub(crate) use elements::Reader as ElementReader;
pub use objects::{ListedChain, ListedRule, ListedSet, ListedTable};
pub(crate) use objects::{chain, counter, rule, set, table};
