//! The table of built-in kinds, as the discovery of a real API server shows them.

mod cluster;
mod control;
mod core;
mod kind;
mod network;
mod storage;
mod workloads;

use self::kind::Group;
use crate::Resource;

/// All groups in order.
const GROUPS: &[Group] = &[
    core::CORE,
    control::ADMISSION,
    cluster::API_EXTENSIONS,
    control::API_REGISTRATION,
    workloads::APPS,
    workloads::AUTOSCALING_V1,
    workloads::AUTOSCALING_V2,
    workloads::BATCH,
    control::CERTIFICATES,
    cluster::COORDINATION,
    network::DISCOVERY,
    cluster::EVENTS,
    control::FLOW_CONTROL,
    network::NETWORKING,
    storage::NODE,
    workloads::POLICY,
    cluster::RBAC,
    storage::RESOURCE,
    workloads::SCHEDULING,
    storage::STORAGE,
];

/// All built-in kinds, ordered by group and plural name.
pub fn builtin() -> Vec<Resource> {
    GROUPS
        .iter()
        .flat_map(|group| group.kinds.iter().map(|kind| kind.resource(group)))
        .collect()
}
