//! Pods wait for the node's agent: the last plugin of a CNI chain (<https://www.cni.dev/docs/spec/>, 0.3.0 to
//! 1.1.0).
//!
//! A runtime that sets up a pod calls [`plugin::run`] when the pod has its addresses and before its
//! containers start. The plugin tells the agent of the node through a unix socket, and answers when the agent
//! has: from then on the pod may send. So no packet of it comes before its policies. When the pod goes the
//! agent is told, too.
//!
//! In: environment and network configuration, as the specification says. On the socket: a line of JSON each
//! way ([`Request`], [`Reply`]).
//!
//! Invariant: the plugin changes nothing of the network and passes the result of the plugins before it on as
//! it is. It fails closed: without an answer of the agent a pod does not start, unless the configuration says
//! `"unreachable": "allow"`.

mod configuration;
mod listener;
pub mod plugin;
mod protocol;
mod records;

pub use listener::{Listener, Pods};
pub use plugin::{Failure, run};
pub use protocol::{Command, Reply, Request};
pub use records::Records;

/// Where agents listen unless they are told otherwise.
pub const SOCKET: &str = "/run/kinglet/agent.sock";
