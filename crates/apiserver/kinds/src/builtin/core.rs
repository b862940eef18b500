//! Kinds of the core group.

use super::kind::{ALL, CLUSTER, Field, Group, Kind, NAMESPACED};
use crate::{Behaviour, Columns, NameRule, defaults, event, table, validation};

pub(super) const CORE: Group = Group {
    group: "",
    version: "v1",
    kinds: &[
        Kind {
            kind: "ConfigMap",
            plural: "configmaps",
            short: &["cm"],
            columns: Columns::BuiltIn(table::CONFIG_MAP),
            behaviour: Behaviour {
                validate: validation::config::config_map,
                validate_update: validation::config::config_map_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "Endpoints",
            plural: "endpoints",
            short: &["ep"],
            columns: Columns::BuiltIn(table::ENDPOINTS),
            behaviour: Behaviour {
                default: defaults::network::endpoints,
                validate: validation::endpoints::endpoints,
                ..Behaviour::NONE
            },
            deprecated: Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
            ..NAMESPACED
        },
        Kind {
            kind: "Event",
            plural: "events",
            short: &["ev"],
            fields: EVENT,
            columns: Columns::BuiltIn(table::EVENT),
            behaviour: Behaviour {
                default: event::defaults,
                validate: validation::config::event,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "LimitRange",
            plural: "limitranges",
            short: &["limits"],
            behaviour: Behaviour {
                default: defaults::storage::limit_range,
                ..Behaviour::BY_SCHEMA
            },
            inert: Some(
                "this server does not enforce LimitRanges: limits and defaults are stored, not applied",
            ),
            ..NAMESPACED
        },
        Kind {
            kind: "Namespace",
            plural: "namespaces",
            short: &["ns"],
            status: true,
            verbs: VERBS_NAMESPACE,
            name: NameRule::DnsLabel,
            fields: &[("status.phase", "status.phase", "")],
            columns: Columns::BuiltIn(table::NAMESPACE),
            behaviour: Behaviour {
                default: defaults::config::namespace,
                prepare: defaults::config::prepare_namespace,
                ..Behaviour::NONE
            },
            ..CLUSTER
        },
        Kind {
            kind: "Node",
            plural: "nodes",
            short: &["no"],
            status: true,
            fields: &[("spec.unschedulable", "spec.unschedulable", "false")],
            columns: Columns::BuiltIn(table::NODE),
            behaviour: Behaviour {
                default: defaults::config::node,
                validate: validation::config::node,
                validate_update: validation::config::node_update,
                ..Behaviour::NONE
            },
            ..CLUSTER
        },
        Kind {
            kind: "PersistentVolumeClaim",
            plural: "persistentvolumeclaims",
            short: &["pvc"],
            status: true,
            columns: Columns::BuiltIn(table::PERSISTENT_VOLUME_CLAIM),
            behaviour: Behaviour {
                default: defaults::storage::claim,
                validate: validation::storage::claim,
                ..Behaviour::BY_SCHEMA
            },
            inert: Some("no controller of this server binds or provisions volumes: the claim stays Pending"),
            ..NAMESPACED
        },
        Kind {
            kind: "PersistentVolume",
            plural: "persistentvolumes",
            short: &["pv"],
            status: true,
            columns: Columns::BuiltIn(table::PERSISTENT_VOLUME),
            behaviour: Behaviour {
                default: defaults::storage::volume,
                validate: validation::storage::volume,
                ..Behaviour::BY_SCHEMA
            },
            ..CLUSTER
        },
        Kind {
            kind: "Pod",
            plural: "pods",
            short: &["po"],
            categories: ALL,
            status: true,
            fields: POD,
            columns: Columns::BuiltIn(table::POD),
            behaviour: Behaviour {
                default: defaults::pod::pod,
                prepare: defaults::pod::prepare_pod,
                generation: true,
                validate: validation::pod::validate,
                validate_update: validation::pod::validate_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "PodTemplate",
            plural: "podtemplates",
            columns: Columns::BuiltIn(table::POD_TEMPLATE),
            behaviour: Behaviour {
                default: defaults::workload::pod_template,
                validate: validation::workload::pod_template,
                generation: true,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "ReplicationController",
            plural: "replicationcontrollers",
            short: &["rc"],
            categories: ALL,
            status: true,
            scale: true,
            fields: &[("status.replicas", "status.replicas", "0")],
            columns: Columns::BuiltIn(table::REPLICATION_CONTROLLER),
            behaviour: Behaviour {
                default: defaults::workload::replication_controller,
                validate: validation::workload::replication_controller,
                generation: true,
                ..Behaviour::NONE
            },
            inert: Some(
                "no controller of this server makes Pods of ReplicationControllers; use a Deployment",
            ),
            ..NAMESPACED
        },
        Kind {
            kind: "ResourceQuota",
            plural: "resourcequotas",
            short: &["quota"],
            status: true,
            columns: Columns::BuiltIn(table::RESOURCE_QUOTA),
            behaviour: Behaviour::BY_SCHEMA,
            inert: Some(
                "this server does not enforce ResourceQuotas: they are stored, and nothing is counted",
            ),
            ..NAMESPACED
        },
        Kind {
            kind: "Secret",
            plural: "secrets",
            fields: &[("type", "type", "")],
            columns: Columns::BuiltIn(table::SECRET),
            behaviour: Behaviour {
                default: defaults::config::secret,
                validate: validation::config::secret,
                validate_update: validation::config::secret_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "ServiceAccount",
            plural: "serviceaccounts",
            short: &["sa"],
            columns: Columns::BuiltIn(table::SERVICE_ACCOUNT),
            ..NAMESPACED
        },
        Kind {
            kind: "Service",
            plural: "services",
            short: &["svc"],
            categories: ALL,
            status: true,
            name: NameRule::DnsLabel,
            fields: &[
                ("spec.clusterIP", "spec.clusterIP", ""),
                ("spec.type", "spec.type", ""),
            ],
            columns: Columns::BuiltIn(table::SERVICE),
            behaviour: Behaviour {
                default: defaults::network::service,
                allocates: true,
                validate: validation::service::validate,
                validate_update: validation::service::validate_update,
                validate_status: validation::service::validate_status,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
    ],
};

const VERBS_NAMESPACE: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];

const POD: &[Field] = &[
    ("spec.nodeName", "spec.nodeName", ""),
    ("spec.restartPolicy", "spec.restartPolicy", ""),
    ("spec.schedulerName", "spec.schedulerName", ""),
    ("spec.serviceAccountName", "spec.serviceAccountName", ""),
    ("spec.hostNetwork", "spec.hostNetwork", "false"),
    ("status.phase", "status.phase", ""),
    ("status.podIP", "status.podIP", ""),
    ("status.nominatedNodeName", "status.nominatedNodeName", ""),
];

const EVENT: &[Field] = &[
    ("involvedObject.kind", "involvedObject.kind", ""),
    ("involvedObject.namespace", "involvedObject.namespace", ""),
    ("involvedObject.name", "involvedObject.name", ""),
    ("involvedObject.uid", "involvedObject.uid", ""),
    ("involvedObject.apiVersion", "involvedObject.apiVersion", ""),
    (
        "involvedObject.resourceVersion",
        "involvedObject.resourceVersion",
        "",
    ),
    ("involvedObject.fieldPath", "involvedObject.fieldPath", ""),
    ("reason", "reason", ""),
    ("reportingComponent", "reportingComponent", ""),
    ("source", "source.component", ""),
    ("type", "type", ""),
];
