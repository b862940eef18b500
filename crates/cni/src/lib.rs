//! Pods wait for the node's agent: the last plugin of a CNI chain (<https://www.cni.dev/docs/spec/>, 0.3.0 to
//! 1.1.0).
//!
//! A runtime that sets up a pod calls [`plugin::run`] when the pod has its addresses and before its
//! containers start. The plugin tells the agent of the node through a unix socket, and answers when the agent
//! has: from then on the pod may send. So no packet of the pod comes before its policies. The agent is told
//! when the pod goes, too.
//!
//! The agent listens ([`Listener`]) and lets a pod start when its policies are in force ([`PodStarts`]).
//!
//! In: environment and network configuration, as the specification says. On the socket: a line of JSON each
//! way ([`Request`], [`Reply`]).
//!
//! Invariant: the plugin changes nothing of the network and passes the result of the plugins before it on as
//! it is. It fails closed: without an answer of the agent a pod does not start, unless the configuration says
//! `"unreachable": "allow"`.

mod ask;
mod configuration;
mod failure;
mod handler;
mod listener;
pub mod plugin;
mod protocol;
mod records;
mod version;

pub use failure::Failure;
pub use handler::{Enforcer, NotEnforced, PodStarts, StartError, records};
pub use listener::{Handler, Listener};
pub use plugin::run;
pub use protocol::{Command, Reply, Request};
pub use records::Records;
