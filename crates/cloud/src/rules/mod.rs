//! From a Node to the wanted writes, without I/O.
//!
//! [`ownership`] decides whose a Node is, [`said`] reads what its agent says, [`addresses`] makes the list of
//! addresses of it, [`plan`] the writes.

mod addresses;
mod ownership;
mod plan;
mod problem;
#[cfg(test)]
mod properties;
mod said;

pub(crate) use self::plan::{Initialization, Plan, plan};
pub(crate) use self::problem::Problem;
