//! Metrics under CoreDNS' names, so that its dashboards and alerts go on working.
//!
//! `zone` is `.`, the one server block of the packaged Corefile, or `dropped` for messages that are no proper
//! queries; `view` is empty.

mod collector;
mod counters;
mod forward;

pub(crate) use collector::Collector;
pub(crate) use counters::{Family, Proto, Shard};
pub(crate) use forward::ForwardMetrics;

/// Who wrote a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plugin {
    /// The server itself.
    Server,
    /// The cluster's zones.
    Kubernetes,
    /// An upstream server.
    Forward,
}

impl Plugin {
    /// All, in the order of their numbers.
    pub(crate) const ALL: [Self; 3] = [Self::Server, Self::Kubernetes, Self::Forward];

    /// The label's value.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "",
            Self::Kubernetes => "kubernetes",
            Self::Forward => "forward",
        }
    }
}
