//! Policies whose fields have been checked: what is not valid is reported and allows nothing, defaults are
//! filled in.

mod cluster_peers;
mod cluster_policy;
#[cfg(test)]
mod cluster_tests;
mod peers;
mod policy;
mod ports;
mod protocols;
mod rule;
#[cfg(test)]
mod tests;

pub(crate) use cluster_policy::ClusterPolicy;
pub use cluster_policy::{Action, Tier};
pub(crate) use policy::Policy;
pub use rule::Direction;
pub(crate) use rule::{Peers, Port, PortMatch, Ports, Rule};
