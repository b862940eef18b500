//! Policies in the kernel of one node: the shell around [`kinglet_policy`].
//!
//! [`run`] follows Pods, Namespaces, NetworkPolicies, ClusterNetworkPolicies and Nodes, commits what the core
//! makes of them, and cuts connections that a change has forbidden. It looks after what enforcement depends
//! on: nobody else changes the table, and bridges show their packets to it.
//!
//! In: watched objects, the [`Kernel`] of the node's network namespace, [`kinglet_policy::Settings`]. Out:
//! the table [`kinglet_policy::TABLE`], one bit of the marks of tracked connections, Events, [`Denied`]
//! packets, [`Metrics`].
//!
//! Invariant: a packet that policies forbid does not pass, whatever happens to the agent: rules stay when it
//! ends or cannot reach the API, and every change goes from rules that are complete to rules that are
//! complete.

mod agent;
mod bridge;
mod compare;
mod cutter;
mod denied;
mod door;
mod enforcer;
mod flows;
mod follow;
mod kernel;
mod leftovers;
mod metrics;
mod outside;
mod packets;
mod report;
mod starting;
mod sys;
mod watch;

pub use agent::run;
pub use denied::Denied;
pub use door::{Asks, Closed, Door};
pub use kernel::Kernel;
pub use kinglet_telemetry::WorkerPanicked;
pub use metrics::Metrics;
pub use outside::{Failure, Outside, Sources};
pub use starting::Started;
