//! ServiceLB: Services of `type: LoadBalancer` without a cloud, on the addresses of nodes.
//!
//! The core is pure. A [`View`] holds Services, Nodes, EndpointSlices and Pods; [`allocate`] tells from it
//! which nodes serve which Services; from that the controller ([`run`]) makes `status.loadBalancer`, a
//! condition that says why, the finalizer, Events and, in [`Mode::DaemonSet`], DaemonSets as K3s has them.
//! [`remove_all`] takes everything back.
//!
//! How the data plane of a node learns what to serve: it computes its part by itself, with the same function
//! over the same objects ([`share`], and [`agent`] around it). So controller and agents agree without
//! talking, and restarts lose nothing. The only thing that agents alone know, the ports on which processes of
//! their node listen, is an annotation of the Node that everybody reads ([`HostPorts`]); it also tells that
//! there is an agent.
//!
//! In: objects of [`kinglet_model`], [`Settings`]. Out: writes to the Kubernetes API; on nodes, the ports to
//! serve ([`agent`]); in the Pods of DaemonSets, kernel rules ([`pod`]).
//!
//! Invariant: touches only what is its own. A Service of another class, or one whose status another
//! controller writes, is left alone. The core has no I/O, no clock and no chance: the same objects give the
//! same result, in whatever order they came.

mod addresses;
pub mod agent;
mod allocate;
mod controller;
mod daemonset;
mod fitness;
pub mod names;
mod ownership;
mod plan;
pub mod pod;
mod port;
mod problem;
mod ranges;
mod remove;
mod report;
#[cfg(test)]
mod sample;
mod settings;
mod status;
mod toleration;
mod view;
mod watched;

pub use allocate::{Allocation, Assignment, allocate, share};
pub use controller::{Sources, run};
pub use fitness::Unfit;
pub use port::{Holder, Port};
pub use problem::Problem;
pub use remove::remove_all;
pub use report::HostPorts;
pub use settings::{PodSettings, Settings};
pub use view::{Mode, View};
