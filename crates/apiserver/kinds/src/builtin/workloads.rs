//! Kinds that run Pods: the groups `apps` and `batch`.

use super::kind::{ALL, Group, Kind, NAMESPACED};
use crate::{Behaviour, Columns, defaults, table, validation};

pub(super) const APPS: Group = Group {
    group: "apps",
    version: "v1",
    kinds: &[
        Kind {
            kind: "DaemonSet",
            plural: "daemonsets",
            short: &["ds"],
            categories: ALL,
            status: true,
            columns: Columns::BuiltIn(table::DAEMON_SET),
            behaviour: Behaviour {
                default: defaults::workload::daemon_set,
                generation: true,
                validate: validation::workload::daemon_set,
                validate_update: validation::workload::selector_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "Deployment",
            plural: "deployments",
            short: &["deploy"],
            categories: ALL,
            status: true,
            scale: true,
            columns: Columns::BuiltIn(table::DEPLOYMENT),
            behaviour: Behaviour {
                default: defaults::workload::deployment,
                generation: true,
                validate: validation::workload::deployment,
                validate_update: validation::workload::selector_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "ReplicaSet",
            plural: "replicasets",
            short: &["rs"],
            categories: ALL,
            status: true,
            scale: true,
            fields: &[("status.replicas", "status.replicas", "0")],
            columns: Columns::BuiltIn(table::REPLICA_SET),
            behaviour: Behaviour {
                default: defaults::workload::replica_set,
                generation: true,
                validate: validation::workload::replica_set,
                validate_update: validation::workload::selector_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "StatefulSet",
            plural: "statefulsets",
            short: &["sts"],
            categories: ALL,
            status: true,
            scale: true,
            columns: Columns::BuiltIn(table::STATEFUL_SET),
            behaviour: Behaviour {
                default: defaults::workload::stateful_set,
                generation: true,
                validate: validation::workload::stateful_set,
                validate_update: validation::workload::selector_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
    ],
};

pub(super) const BATCH: Group = Group {
    group: "batch",
    version: "v1",
    kinds: &[Kind {
        kind: "Job",
        plural: "jobs",
        categories: ALL,
        status: true,
        fields: &[("status.successful", "status.succeeded", "0")],
        columns: Columns::BuiltIn(table::JOB),
        behaviour: Behaviour {
            default: defaults::workload::job,
            prepare: defaults::workload::prepare_job,
            generation: true,
            validate: validation::workload::job,
            validate_update: validation::workload::selector_update,
            ..Behaviour::NONE
        },
        ..NAMESPACED
    }],
};
