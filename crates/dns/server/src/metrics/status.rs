//! What is counted of an answered query.

use kinglet_dns_wire::{Rcode, Request};

use super::plugin::PluginIndex;

/// What the metrics say about an answered query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    pub(crate) qtype: u16,
    pub(crate) dnssec_ok: bool,
    pub(crate) rcode: Rcode,
    pub(crate) plugin: PluginIndex,
}

impl Status {
    /// Of a query that `plugin` answered with `rcode`.
    pub(crate) fn new(request: &Request<'_>, rcode: Rcode, plugin: PluginIndex) -> Self {
        Self {
            qtype: request.qtype,
            dnssec_ok: request.edns.is_some_and(|edns| edns.dnssec_ok),
            rcode,
            plugin,
        }
    }

    /// Of a message that is no query.
    pub(crate) fn unreadable() -> Self {
        Self {
            qtype: 0,
            dnssec_ok: false,
            rcode: Rcode::FORMERR,
            plugin: PluginIndex::SERVER,
        }
    }
}
