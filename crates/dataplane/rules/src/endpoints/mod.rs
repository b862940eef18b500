//! EndpointSlices to the endpoints that serve a port: which there are ([`mod@candidates`]), and which of them
//! get connections ([`mod@select`]).

mod candidates;
mod select;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::backend::Backend;

pub(crate) use candidates::{Wanted, candidates};
pub(crate) use select::select;

/// The node that endpoints are selected on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeTopology {
    pub(crate) node: Arc<str>,
    /// The node's topology zone, if it has one.
    pub(crate) zone: Option<Arc<str>>,
}

/// The endpoints of a port that get connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selected {
    /// Those of the whole cluster, or those that hints leave of them.
    pub(crate) cluster: BTreeSet<Backend>,
    /// Those of the node.
    pub(crate) local: BTreeSet<Backend>,
    /// All that can answer, whether they get new connections or not.
    pub(crate) serving: BTreeSet<Backend>,
    /// Addresses that are on the node: clients keep their address on the way there.
    pub(crate) here: BTreeSet<IpAddr>,
    /// Addresses that may be clients of themselves through this node.
    pub(crate) hairpin: BTreeSet<IpAddr>,
}
