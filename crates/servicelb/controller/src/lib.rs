//! ServiceLB: Services of `type: LoadBalancer` without a cloud, on the addresses of nodes. This is the shell
//! around [`kinglet_servicelb_plan`].
//!
//! The controller ([`run`]) follows the API, plans, and writes status, finalizers, Events and DaemonSets;
//! [`remove_all`] takes everything back. The [`agent`] of a node tells which ports its processes listen on,
//! and learns which ports its data plane has to serve. [`pod`] is the program of the Pods of DaemonSets.
//!
//! In: watched objects, [`kinglet_servicelb_plan::ServiceLbSettings`]. Out: writes to the Kubernetes API; on
//! nodes, the ports to serve; in the Pods of DaemonSets, kernel rules.
//!
//! Invariant: touches only what is its own. Whatever ends the controller, load balancers stay as they are.

pub mod agent;
mod controller;
mod election;
pub mod pod;
mod remove;

pub use controller::{KINDS, run};
pub use election::{Duty, lead};
pub use remove::remove_all;
