//! ServiceLB: Services of `type: LoadBalancer` without a cloud, on the addresses of nodes. This is the shell
//! around [`kinglet_servicelb_plan`].
//!
//! The controller ([`run`]) follows the API, plans, and writes status, finalizers, Events and DaemonSets;
//! [`remove_all`] takes everything back. The [`agent`] of a node reports which ports its processes listen on,
//! and computes which ports its data plane has to serve. [`pod`] is the program of the Pods of DaemonSets.
//!
//! In: watched objects, [`kinglet_servicelb_plan::ServiceLbSettings`]. Out: writes to the Kubernetes API; on
//! nodes, the ports to serve; in the Pods of DaemonSets, kernel rules.
//!
//! Invariant: only changes what belongs to load balancers of ours. When the controller ends, load balancers
//! stay as they are.

pub mod agent;
mod controller;
mod election;
pub mod pod;
mod remove;

pub use controller::{KINDS, run};
pub use election::{Duty, lead};
pub use remove::remove_all;
