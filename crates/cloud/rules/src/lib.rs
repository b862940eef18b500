//! What a cloud controller writes to Nodes: addresses, provider IDs, labels and taints, from the annotations
//! that the agents of the nodes write.
//!
//! [`mod@plan`] checks whether a Node is ours, makes the list of addresses from the annotations, and plans
//! the writes that the Node needs now.
//!
//! In: a Node. Out: a [`NodePlan`].
//!
//! Invariant: a pure function, without I/O and clock. Nothing is planned for a Node that another cloud
//! provider manages.

mod addresses;
mod annotation;
pub mod keys;
mod ownership;
mod plan;
mod problem;
#[cfg(test)]
mod properties;

pub use plan::{Initialization, NodePlan, plan};
pub use problem::NodeProblem;
