//! Kinds that run Pods, and that say how many and which of them: the groups `apps`, `autoscaling`, `batch`,
//! `policy` and `scheduling.k8s.io`.

use super::kind::{ALL, CLUSTER, Group, Kind, NAMESPACED};
use crate::{Behaviour, Columns, autoscaler, defaults, table, validation};

pub(super) const APPS: Group = Group {
    group: "apps",
    version: "v1",
    kinds: &[
        Kind {
            kind: "ControllerRevision",
            plural: "controllerrevisions",
            columns: Columns::BuiltIn(table::CONTROLLER_REVISION),
            ..NAMESPACED
        },
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

const HORIZONTAL_POD_AUTOSCALER: Kind = Kind {
    kind: "HorizontalPodAutoscaler",
    plural: "horizontalpodautoscalers",
    short: &["hpa"],
    categories: ALL,
    status: true,
    columns: Columns::BuiltIn(table::HORIZONTAL_POD_AUTOSCALER),
    inert: Some("no controller of this server scales by metrics: the HorizontalPodAutoscaler is only stored"),
    ..NAMESPACED
};

pub(super) const AUTOSCALING_V2: Group = Group {
    group: "autoscaling",
    version: "v2",
    kinds: &[Kind {
        behaviour: Behaviour {
            default: defaults::workload::autoscaler,
            validate: validation::workload::autoscaler,
            ..Behaviour::BY_SCHEMA
        },
        ..HORIZONTAL_POD_AUTOSCALER
    }],
};

pub(super) const AUTOSCALING_V1: Group = Group {
    group: "autoscaling",
    version: "v1",
    kinds: &[Kind {
        behaviour: Behaviour {
            default: defaults::workload::autoscaler_v1,
            validate: validation::workload::autoscaler,
            ..Behaviour::BY_SCHEMA
        },
        storage: Some(autoscaler::STORAGE),
        ..HORIZONTAL_POD_AUTOSCALER
    }],
};

const NO_JOBS: &str = "no controller of this server runs Jobs and CronJobs: they are only stored";

pub(super) const BATCH: Group = Group {
    group: "batch",
    version: "v1",
    kinds: &[
        Kind {
            kind: "CronJob",
            plural: "cronjobs",
            short: &["cj"],
            categories: ALL,
            status: true,
            columns: Columns::BuiltIn(table::CRON_JOB),
            behaviour: Behaviour {
                default: defaults::workload::cron_job,
                generation: true,
                validate: validation::workload::cron_job,
                ..Behaviour::NONE
            },
            inert: Some(NO_JOBS),
            ..NAMESPACED
        },
        Kind {
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
            inert: Some(NO_JOBS),
            ..NAMESPACED
        },
    ],
};

pub(super) const POLICY: Group = Group {
    group: "policy",
    version: "v1",
    kinds: &[Kind {
        kind: "PodDisruptionBudget",
        plural: "poddisruptionbudgets",
        short: &["pdb"],
        status: true,
        columns: Columns::BuiltIn(table::POD_DISRUPTION_BUDGET),
        behaviour: Behaviour {
            default: defaults::workload::disruption_budget,
            validate: validation::workload::disruption_budget,
            ..Behaviour::COUNTED
        },
        inert: Some("this server evicts no Pods: the PodDisruptionBudget is stored, not enforced"),
        ..NAMESPACED
    }],
};

pub(super) const SCHEDULING: Group = Group {
    group: "scheduling.k8s.io",
    version: "v1",
    kinds: &[Kind {
        kind: "PriorityClass",
        plural: "priorityclasses",
        short: &["pc"],
        columns: Columns::BuiltIn(table::PRIORITY_CLASS),
        behaviour: Behaviour {
            default: defaults::workload::priority_class,
            validate: validation::workload::priority_class,
            ..Behaviour::COUNTED
        },
        inert: Some("this server's scheduler preempts no Pods: the PriorityClass is only stored"),
        ..CLUSTER
    }],
};
