//! What a cloud controller writes to Nodes: addresses, provider IDs, labels and taints, from the annotations
//! that the agents of the nodes write.
//!
//! [`plan`] tells what a Node needs now. It looks whether the Node is ours, reads the annotations, makes the
//! list of addresses from them, and then the writes.
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
