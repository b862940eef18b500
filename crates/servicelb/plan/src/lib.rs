//! Which nodes serve which Services of `type: LoadBalancer`, and what the controller writes for that.
//!
//! A [`View`] holds Services, Nodes, EndpointSlices and Pods, and tells what each change affects
//! ([`Affected`]). An [`Allocation`] says which nodes serve which Services, and a [`Share`] what the agent of
//! one node serves: it is the same function over the same objects, so controller and agents agree without
//! talking, and restarts lose nothing. The [`Planner`] makes the next write for every Service:
//! `status.loadBalancer`, a condition that says why, the finalizer, Events and, in [`Mode::DaemonSet`],
//! DaemonSets as K3s has them.
//!
//! Two things only the agent of a node knows, and writes as annotations of the Node: the ports on which
//! processes of the node listen ([`HostPorts`]; a Node without this annotation has no agent), and what the
//! kernel has of the share ([`KernelReport`]; only what is there is published).
//!
//! In: objects of [`kinglet_model`], [`ServiceLbSettings`]; in the Pods of DaemonSets, environment variables
//! ([`pod::Forwarding`]). Out: plans ([`ServicePlan`]), the ports that a node serves, kernel rules as data
//! ([`pod::ruleset`]).
//!
//! Invariant: no I/O, no clock and no randomness: the same objects give the same result, in whatever order
//! they came. A Service of another class, or one whose status another controller writes, is left alone.

mod addresses;
mod allocation;
mod daemonset;
mod fitness;
mod host_ports;
mod kernel;
mod marks;
pub mod names;
mod ownership;
mod planner;
pub mod pod;
mod port;
mod problem;
mod ranges;
#[cfg(test)]
mod sample;
mod settings;
mod status;
mod toleration;
mod view;

pub use allocation::{Allocation, Share};
pub use daemonset::DaemonSet;
pub use host_ports::HostPorts;
pub use kernel::KernelReport;
pub use marks::{has_finalizer, is_marked, is_told};
pub use planner::{DaemonSets, EventType, Note, Planner, ServicePlan, Step};
pub use port::{NodeShare, Port};
pub use settings::{Mode, PodSettings, ServiceLbSettings};
pub use status::Status;
pub use view::{Affected, View};
