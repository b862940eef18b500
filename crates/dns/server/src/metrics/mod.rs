//! Metrics under CoreDNS' names, so that its dashboards and alerts go on working.
//!
//! `zone` is `.`, the one server block of the packaged Corefile, or `dropped` for messages that are no proper
//! queries; `view` is empty.

mod collector;
mod counters;
mod forward;
mod plugin;
mod status;

pub(crate) use collector::Collector;
pub(crate) use counters::{Family, Proto, Shard};
pub(crate) use forward::ForwardMetrics;
pub(crate) use plugin::PluginIndex;
pub(crate) use status::Status;
