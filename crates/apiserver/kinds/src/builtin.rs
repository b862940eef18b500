//! The table of built-in kinds, as the discovery of a real API server shows them.

use std::sync::Arc;

use kinglet_api_schema::builtin::document;

use crate::{
    Behaviour, Columns, NameRule, Resource, ScalePaths, SelectableField, Storage, defaults, event, table,
    validation,
};

/// All built-in kinds, ordered by group and plural name.
pub fn builtin() -> Vec<Resource> {
    GROUPS
        .iter()
        .flat_map(|group| group.kinds.iter().map(|kind| kind.resource(group)))
        .collect()
}

struct Group {
    group: &'static str,
    version: &'static str,
    kinds: &'static [Kind],
}

/// One line of the table; what a line does not say comes from [`NAMESPACED`] or [`CLUSTER`].
struct Kind {
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    categories: &'static [&'static str],
    namespaced: bool,
    status: bool,
    scale: bool,
    verbs: &'static [&'static str],
    name: NameRule,
    fields: &'static [Field],
    storage: Option<Storage>,
    columns: Columns,
    behaviour: Behaviour,
}

/// Selector, path, value when missing.
type Field = (&'static str, &'static str, &'static str);

pub(crate) const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const VERBS_NAMESPACE: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];
const ALL: &[&str] = &["all"];

const NAMESPACED: Kind = Kind {
    kind: "",
    plural: "",
    short: &[],
    categories: &[],
    namespaced: true,
    status: false,
    scale: false,
    verbs: VERBS,
    name: NameRule::DnsSubdomain,
    fields: &[],
    storage: None,
    columns: Columns::NameAndCreation,
    behaviour: Behaviour::NONE,
};
const CLUSTER: Kind = Kind {
    namespaced: false,
    ..NAMESPACED
};

const GROUPS: &[Group] = &[
    Group {
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
    },
    Group {
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
    },
    Group {
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
    },
    Group {
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
    },
    Group {
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
    },
    Group {
        group: "discovery.k8s.io",
        version: "v1",
        kinds: &[Kind {
            kind: "EndpointSlice",
            plural: "endpointslices",
            columns: Columns::BuiltIn(table::ENDPOINT_SLICE),
            behaviour: Behaviour {
                default: defaults::network::endpoint_slice,
                generation: true,
                validate: validation::endpoints::endpoint_slice,
                validate_update: validation::endpoints::endpoint_slice_update,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        }],
    },
    Group {
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
    },
    Group {
        group: "networking.k8s.io",
        version: "v1",
        kinds: &[
            Kind {
                kind: "IngressClass",
                plural: "ingressclasses",
                columns: Columns::BuiltIn(table::INGRESS_CLASS),
                behaviour: Behaviour {
                    default: defaults::network::ingress_class,
                    generation: true,
                    validate: validation::ingress::ingress_class,
                    validate_update: validation::ingress::ingress_class_update,
                    ..Behaviour::NONE
                },
                ..CLUSTER
            },
            Kind {
                kind: "Ingress",
                plural: "ingresses",
                short: &["ing"],
                status: true,
                columns: Columns::BuiltIn(table::INGRESS),
                behaviour: Behaviour {
                    default: defaults::network::ingress,
                    generation: true,
                    validate: validation::ingress::ingress,
                    validate_new: validation::ingress::new_ingress,
                    validate_status: validation::ingress::ingress_status,
                    ..Behaviour::NONE
                },
                ..NAMESPACED
            },
            Kind {
                kind: "NetworkPolicy",
                plural: "networkpolicies",
                short: &["netpol"],
                columns: Columns::BuiltIn(table::NETWORK_POLICY),
                behaviour: Behaviour {
                    default: defaults::network::network_policy,
                    generation: true,
                    validate: validation::policy::network_policy,
                    ..Behaviour::NONE
                },
                ..NAMESPACED
            },
        ],
    },
    Group {
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
    },
];

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

impl Kind {
    fn resource(&self, group: &Group) -> Resource {
        Resource {
            group: group.group.into(),
            version: group.version.into(),
            kind: self.kind.into(),
            plural: self.plural.into(),
            singular: self.kind.to_lowercase().into(),
            list_kind: format!("{}List", self.kind).into(),
            short_names: shared(self.short),
            categories: shared(self.categories),
            namespaced: self.namespaced,
            has_status: self.status,
            scale: self.scale.then(scale_paths),
            verbs: self.verbs,
            name_rule: self.name,
            fields: self.fields.iter().map(selectable).collect(),
            storage: self.storage,
            schema: document(group.group, group.version, self.kind),
            columns: self.columns.clone(),
            behaviour: self.behaviour,
        }
    }
}

fn shared(texts: &[&str]) -> Vec<Arc<str>> {
    texts.iter().map(|text| Arc::from(*text)).collect()
}

fn selectable((label, path, missing): &Field) -> SelectableField {
    SelectableField {
        label: Arc::from(*label),
        path: Arc::from(*path),
        missing,
    }
}

fn scale_paths() -> ScalePaths {
    ScalePaths {
        spec_replicas: "spec.replicas".into(),
        status_replicas: "status.replicas".into(),
        label_selector: Some("spec.selector".into()),
    }
}
