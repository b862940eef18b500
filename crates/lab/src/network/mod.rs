//! The lab's wires: a router with a client behind it, nodes on a shared network, pods behind nodes.
//!
//! ```text
//!   client ── outside (router, bridge br0) ── eth0 node-1 (cni0 or routed) ── eth0 pods
//!                                          └─ eth0 node-2 ...
//! ```
//!
//! Nothing touches the host's own network: the host reaches the lab through its namespaces only.

mod namespace;
mod nat;
mod node;
mod router;

pub(crate) use namespace::{namespace_name, namespace_prefix};
pub(crate) use nat::HostPort;
pub(crate) use node::{Attachment, NodeNetwork};
pub(crate) use router::Router;
