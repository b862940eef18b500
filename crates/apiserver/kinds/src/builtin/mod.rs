//! The table of built-in kinds, as the discovery of a real API server shows them.

mod cluster;
mod core;
mod kind;
mod network;
mod workloads;

use self::kind::Group;
use crate::Resource;

/// All groups in order.
const GROUPS: &[Group] = &[
    core::CORE,
    cluster::API_EXTENSIONS,
    workloads::APPS,
    workloads::BATCH,
    cluster::COORDINATION,
    network::DISCOVERY,
    cluster::EVENTS,
    network::NETWORKING,
    cluster::RBAC,
];

/// All built-in kinds, ordered by group and plural name.
pub fn builtin() -> Vec<Resource> {
    GROUPS
        .iter()
        .flat_map(|group| group.kinds.iter().map(|kind| kind.resource(group)))
        .collect()
}
