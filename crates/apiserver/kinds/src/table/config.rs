//! Everything that is neither network nor workload: configuration, nodes, namespaces, events, leases, roles.

use jiff::Timestamp;
use serde_json::Value;

use super::{AGE, CREATED, NAME, age, column, field, or_none, wide};
use crate::Column;
use crate::json::Json;

pub(crate) const NAMESPACE: &[Column] = &[
    NAME,
    column("Status", "The status of the namespace", |o, _| {
        o.text("status.phase").into()
    }),
    AGE,
];

pub(crate) const CONFIG_MAP: &[Column] = &[
    NAME,
    field("Data", "data", |o, _| {
        (o.entries("data").count() + o.entries("binaryData").count()).into()
    }),
    AGE,
];

pub(crate) const SECRET: &[Column] = &[
    NAME,
    field("Type", "type", |o, _| o.text("type").into()),
    field("Data", "data", |o, _| o.entries("data").count().into()),
    AGE,
];

pub(crate) const SERVICE_ACCOUNT: &[Column] = &[NAME, AGE];

pub(crate) const LEASE: &[Column] = &[
    NAME,
    field("Holder", "spec.holderIdentity", |o, _| {
        o.text("spec.holderIdentity").into()
    }),
    AGE,
];

pub(crate) const NODE: &[Column] = &[
    NAME,
    column("Status", "The status of the node", |o, _| node_status(o).into()),
    column("Roles", "The roles of the node", |o, _| or_none(&node_roles(o))),
    AGE,
    field("Version", "status.nodeInfo.kubeletVersion", |o, _| {
        o.text("status.nodeInfo.kubeletVersion").into()
    }),
    wide(field("Internal-IP", "status.addresses", |o, _| {
        node_address(o, "InternalIP")
    })),
    wide(field("External-IP", "status.addresses", |o, _| {
        node_address(o, "ExternalIP")
    })),
    wide(field("OS-Image", "status.nodeInfo.osImage", |o, _| {
        or_unknown(o.text("status.nodeInfo.osImage")).into()
    })),
    wide(field(
        "Kernel-Version",
        "status.nodeInfo.kernelVersion",
        |o, _| {
            let version = or_unknown(o.text("status.nodeInfo.kernelVersion"));
            match o.text("status.nodeInfo.architecture") {
                "" => version.into(),
                architecture => format!("{version} ({architecture})").into(),
            }
        },
    )),
    wide(field(
        "Container-Runtime",
        "status.nodeInfo.containerRuntimeVersion",
        |o, _| or_unknown(o.text("status.nodeInfo.containerRuntimeVersion")).into(),
    )),
];

fn node_status(node: &Value) -> String {
    let ready = node
        .list("status.conditions")
        .iter()
        // kube-apiserver's printers keep conditions in a map, where the last of a type stays.
        .rfind(|one| one.text("type") == "Ready");
    let mut status = match ready.map(|one| one.text("status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if node.flag("spec.unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    status
}

fn node_roles(node: &Value) -> String {
    let mut roles: Vec<&str> = node
        .entries("metadata.labels")
        .filter_map(|(key, value)| match key {
            "kubernetes.io/role" => value.as_str(),
            _ => key.strip_prefix("node-role.kubernetes.io/"),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    roles.join(",")
}

fn node_address(node: &Value, kind: &str) -> Value {
    let addresses = node.list("status.addresses");
    let found = addresses.iter().find(|one| one.text("type") == kind);
    or_none(found.map_or("", |one| one.text("address")))
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "<unknown>" } else { text }
}

pub(crate) const EVENT: &[Column] = &[
    field("Last Seen", "lastTimestamp", |o, now| last_seen(o, now).into()),
    field("Type", "type", |o, _| o.text("type").into()),
    field("Reason", "reason", |o, _| o.text("reason").into()),
    field("Object", "involvedObject", |o, _| {
        let kind = o.text("involvedObject.kind").to_lowercase();
        match o.text("involvedObject.name") {
            "" => kind.into(),
            name => format!("{kind}/{name}").into(),
        }
    }),
    wide(field("Subobject", "involvedObject.fieldPath", |o, _| {
        o.text("involvedObject.fieldPath").into()
    })),
    wide(field("Source", "source", |o, _| event_source(o).into())),
    field("Message", "message", |o, _| o.text("message").trim().into()),
    wide(field("First Seen", "firstTimestamp", |o, now| {
        first_seen(o, now).into()
    })),
    wide(field("Count", "count", |o, _| {
        if o.has("series") {
            o.int("series.count").into()
        } else {
            // Events of `events.k8s.io` that happened once have no count.
            o.int("count").max(1).into()
        }
    })),
    wide(NAME),
];

fn first_seen(event: &Value, now: Timestamp) -> String {
    // Events of `events.k8s.io` have only the latter.
    let times = [event.text("firstTimestamp"), event.text("eventTime")];
    age::since(
        times
            .into_iter()
            .find(|time| !time.is_empty())
            .unwrap_or_default(),
        now,
    )
}

fn last_seen(event: &Value, now: Timestamp) -> String {
    if event.has("series") {
        return age::since(event.text("series.lastObservedTime"), now);
    }
    match event.text("lastTimestamp") {
        "" => first_seen(event, now),
        time => age::since(time, now),
    }
}

fn event_source(event: &Value) -> String {
    let either = |one: &str, other: &str| {
        let texts = [event.text(one), event.text(other)];
        texts
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default()
            .to_owned()
    };
    let component = either("source.component", "reportingComponent");
    match either("source.host", "reportingInstance").as_str() {
        "" => component,
        instance => format!("{component}, {instance}"),
    }
}

pub(crate) const CUSTOM_RESOURCE_DEFINITION: &[Column] = &[
    NAME,
    column("Scope", "Cluster/Namespaced", |o, _| o.text("spec.scope").into()),
    column("Versions", "Served versions", |o, _| served_versions(o).into()),
    CREATED,
    wide(column("Group", "API group", |o, _| o.text("spec.group").into())),
    wide(column("Kind", "CustomResource kind", |o, _| {
        o.text("spec.names.kind").into()
    })),
    wide(column("ShortNames", "Short names", |o, _| {
        o.texts("spec.names.shortNames").join(",").into()
    })),
    wide(Column {
        kind: "boolean",
        ..column("Established", "Established status", |o, _| {
            crate::custom::is_established(o).into()
        })
    }),
];

fn served_versions(definition: &Value) -> String {
    let served = definition
        .list("spec.versions")
        .iter()
        .filter(|one| one.flag("served"));
    let mut versions: Vec<String> = served
        .map(|one| {
            let mark = if one.flag("storage") { "(storage)" } else { "" };
            format!("{}{mark}", one.text("name"))
        })
        .collect();
    versions.sort_unstable();
    versions.join(",")
}

pub(crate) const ROLE_BINDING: &[Column] = &[
    NAME,
    ROLE,
    AGE,
    wide(column("Users", "Users in the roleBinding", |o, _| {
        subjects(o, "User")
    })),
    wide(column("Groups", "Groups in the roleBinding", |o, _| {
        subjects(o, "Group")
    })),
    wide(column(
        "ServiceAccounts",
        "ServiceAccounts in the roleBinding",
        |o, _| subjects(o, "ServiceAccount"),
    )),
];

pub(crate) const CLUSTER_ROLE_BINDING: &[Column] = &[
    NAME,
    ROLE,
    AGE,
    wide(column("Users", "Users in the clusterRoleBinding", |o, _| {
        subjects(o, "User")
    })),
    wide(column("Groups", "Groups in the clusterRoleBinding", |o, _| {
        subjects(o, "Group")
    })),
    wide(column(
        "ServiceAccounts",
        "ServiceAccounts in the clusterRoleBinding",
        |o, _| subjects(o, "ServiceAccount"),
    )),
];

const ROLE: Column = field("Role", "roleRef", |o, _| {
    format!("{}/{}", o.text("roleRef.kind"), o.text("roleRef.name")).into()
});

fn subjects(binding: &Value, kind: &str) -> Value {
    let names = binding
        .list("subjects")
        .iter()
        .filter(|one| one.text("kind") == kind)
        .map(|one| match (kind, one.text("namespace")) {
            ("ServiceAccount", namespace) => format!("{namespace}/{}", one.text("name")),
            _ => one.text("name").to_owned(),
        });
    names.collect::<Vec<_>>().join(", ").into()
}
