//! Kinds by which a cluster is run: definitions, Leases, Events and roles.

use super::kind::{CLUSTER, Field, Group, Kind, NAMESPACED};
use crate::{Behaviour, Columns, NameRule, defaults, event, table, validation};

pub(super) const API_EXTENSIONS: Group = Group {
    group: "apiextensions.k8s.io",
    version: "v1",
    kinds: &[Kind {
        kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions",
        short: &["crd", "crds"],
        categories: &["api-extensions"],
        status: true,
        columns: Columns::BuiltIn(table::CUSTOM_RESOURCE_DEFINITION),
        behaviour: Behaviour {
            default: defaults::config::custom_resource_definition,
            generation: true,
            validate: validation::custom::definition,
            validate_new: validation::custom::new_definition,
            validate_update: validation::custom::definition_update,
            ..Behaviour::NONE
        },
        ..CLUSTER
    }],
};

pub(super) const COORDINATION: Group = Group {
    group: "coordination.k8s.io",
    version: "v1",
    kinds: &[Kind {
        kind: "Lease",
        plural: "leases",
        columns: Columns::BuiltIn(table::LEASE),
        behaviour: Behaviour {
            validate: validation::config::lease,
            ..Behaviour::NONE
        },
        ..NAMESPACED
    }],
};

pub(super) const EVENTS: Group = Group {
    group: "events.k8s.io",
    version: "v1",
    kinds: &[Kind {
        kind: "Event",
        plural: "events",
        short: &["ev"],
        fields: REGARDING_EVENT,
        columns: Columns::BuiltIn(table::EVENT),
        storage: Some(event::STORAGE),
        ..NAMESPACED
    }],
};

pub(super) const RBAC: Group = Group {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kinds: &[
        Kind {
            kind: "ClusterRoleBinding",
            plural: "clusterrolebindings",
            name: NameRule::PathSegment,
            columns: Columns::BuiltIn(table::CLUSTER_ROLE_BINDING),
            behaviour: Behaviour {
                default: defaults::config::role_binding,
                validate: validation::rbac::cluster_role_binding,
                validate_update: validation::rbac::binding_update,
                ..Behaviour::NONE
            },
            ..CLUSTER
        },
        Kind {
            kind: "ClusterRole",
            plural: "clusterroles",
            name: NameRule::PathSegment,
            behaviour: Behaviour {
                validate: validation::rbac::cluster_role,
                ..Behaviour::NONE
            },
            ..CLUSTER
        },
        Kind {
            kind: "RoleBinding",
            plural: "rolebindings",
            name: NameRule::PathSegment,
            columns: Columns::BuiltIn(table::ROLE_BINDING),
            behaviour: Behaviour {
                default: defaults::config::role_binding,
                validate: validation::rbac::role_binding,
                validate_update: validation::rbac::binding_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "Role",
            plural: "roles",
            name: NameRule::PathSegment,
            behaviour: Behaviour {
                validate: validation::rbac::role,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
    ],
};

const REGARDING_EVENT: &[Field] = &[
    ("regarding.kind", "regarding.kind", ""),
    ("regarding.namespace", "regarding.namespace", ""),
    ("regarding.name", "regarding.name", ""),
    ("regarding.uid", "regarding.uid", ""),
    ("regarding.apiVersion", "regarding.apiVersion", ""),
    ("regarding.resourceVersion", "regarding.resourceVersion", ""),
    ("regarding.fieldPath", "regarding.fieldPath", ""),
    ("reason", "reason", ""),
    ("reportingController", "reportingController", ""),
    ("type", "type", ""),
];
