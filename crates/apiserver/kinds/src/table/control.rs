//! What tells an API server what to admit, to forward, to sign and to share out.

use serde_json::Value;

use super::{AGE, CREATED, NAME, column, field, number, or_none, or_unset};
use crate::json::Json;
use crate::{Column, Description};

pub(crate) const WEBHOOK_CONFIGURATION: &[Column] = &[
    NAME,
    counted(
        "Webhooks",
        "Webhooks indicates the number of webhooks registered in this configuration",
        |o, _| o.list("webhooks").len().into(),
    ),
    AGE,
];

pub(crate) const VALIDATING_ADMISSION_POLICY: &[Column] = &[
    NAME,
    counted(
        "Validations",
        "Validations indicates the number of validation rules defined in this configuration",
        |o, _| o.list("spec.validations").len().into(),
    ),
    PARAM_KIND,
    AGE,
];

pub(crate) const MUTATING_ADMISSION_POLICY: &[Column] = &[
    NAME,
    counted(
        "Mutations",
        "Mutation indicates the number of mutations rules defined in this configuration",
        |o, _| o.list("spec.mutations").len().into(),
    ),
    PARAM_KIND,
    AGE,
];

const PARAM_KIND: Column = column(
    "ParamKind",
    "ParamKind specifies the kind of resources used to parameterize this policy",
    |o, _| match o.has("spec.paramKind") {
        true => format!(
            "{}/{}",
            o.text("spec.paramKind.apiVersion"),
            o.text("spec.paramKind.kind")
        )
        .into(),
        false => "<unset>".into(),
    },
);

pub(crate) const ADMISSION_POLICY_BINDING: &[Column] = &[
    NAME,
    column(
        "PolicyName",
        "PolicyName indicates the policy definition which the policy binding binded to",
        |o, _| o.text("spec.policyName").into(),
    ),
    column(
        "ParamRef",
        "ParamRef indicates the param resource which sets the configuration param",
        |o, _| match (o.text("spec.paramRef.namespace"), o.text("spec.paramRef.name")) {
            (_, "") => "<unset>".into(),
            ("", name) => format!("*/{name}").into(),
            (namespace, name) => format!("{namespace}/{name}").into(),
        },
    ),
    AGE,
];

const fn counted(name: &'static str, text: &'static str, cell: super::Cell) -> Column {
    Column {
        description: Description::Text(text),
        ..number(name, "", cell)
    }
}

pub(crate) const API_SERVICE: &[Column] = &[
    NAME,
    column(
        "Service",
        "The reference to the service that hosts this API endpoint.",
        |o, _| match o.has("spec.service") {
            true => format!(
                "{}/{}",
                o.text("spec.service.namespace"),
                o.text("spec.service.name")
            )
            .into(),
            false => "Local".into(),
        },
    ),
    column("Available", "Whether this service is available.", |o, _| {
        let conditions = o.list("status.conditions");
        let available = conditions.iter().find(|one| one.text("type") == "Available");
        available.map_or("Unknown", |one| one.text("status")).into()
    }),
    CREATED,
];

pub(crate) const CERTIFICATE_SIGNING_REQUEST: &[Column] = &[
    NAME,
    AGE,
    field("SignerName", "spec.signerName", |o, _| {
        or_none(o.text("spec.signerName"))
    }),
    field("Requestor", "spec.username", |o, _| {
        o.text("spec.username").into()
    }),
    field("RequestedDuration", "spec.expirationSeconds", |o, _| {
        match o.at("spec.expirationSeconds").as_i64() {
            Some(seconds) => super::human_duration(seconds).into(),
            None => "<none>".into(),
        }
    }),
    field("Condition", "status.conditions", |o, _| request_state(o).into()),
];

fn request_state(request: &Value) -> String {
    let conditions = request.list("status.conditions");
    let has = |kind: &str| conditions.iter().any(|one| one.text("type") == kind);
    let mut state = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied",
        (false, true) => "Approved",
        (false, false) => "Pending",
    }
    .to_owned();
    if has("Failed") {
        state.push_str(",Failed");
    }
    if !request.text("status.certificate").is_empty() {
        state.push_str(",Issued");
    }
    state
}

pub(crate) const FLOW_SCHEMA: &[Column] = &[
    NAME,
    field("PriorityLevel", "spec.priorityLevelConfiguration.name", |o, _| {
        o.text("spec.priorityLevelConfiguration.name").into()
    }),
    field("MatchingPrecedence", "spec.matchingPrecedence", |o, _| {
        o.int("spec.matchingPrecedence").into()
    }),
    field("DistinguisherMethod", "spec.distinguisherMethod", |o, _| {
        or_none(o.text("spec.distinguisherMethod.type"))
    }),
    AGE,
    column(
        "MissingPL",
        "references a broken or non-existent PriorityLevelConfiguration",
        |o, _| {
            let conditions = o.list("status.conditions");
            let dangling = conditions.iter().find(|one| one.text("type") == "Dangling");
            dangling.map_or("?", |one| one.text("status")).into()
        },
    ),
];

pub(crate) const PRIORITY_LEVEL_CONFIGURATION: &[Column] = &[
    NAME,
    field("Type", "spec.type", |o, _| o.text("spec.type").into()),
    field(
        "NominalConcurrencyShares",
        "spec.limited.nominalConcurrencyShares",
        |o, _| number_or_none(o, "spec.limited.nominalConcurrencyShares"),
    ),
    field("Queues", "spec.limited.limitResponse.queuing.queues", |o, _| {
        number_or_none(o, "spec.limited.limitResponse.queuing.queues")
    }),
    field(
        "HandSize",
        "spec.limited.limitResponse.queuing.handSize",
        |o, _| number_or_none(o, "spec.limited.limitResponse.queuing.handSize"),
    ),
    field(
        "QueueLengthLimit",
        "spec.limited.limitResponse.queuing.queueLengthLimit",
        |o, _| number_or_none(o, "spec.limited.limitResponse.queuing.queueLengthLimit"),
    ),
    AGE,
];

fn number_or_none(object: &Value, path: &str) -> Value {
    match object.at(path) {
        Value::Null => "<none>".into(),
        number => number.clone(),
    }
}

pub(crate) const SERVICE_CIDR: &[Column] = &[
    NAME,
    field("CIDRs", "spec.cidrs", |o, _| {
        o.texts("spec.cidrs").join(",").into()
    }),
    AGE,
];

pub(crate) const IP_ADDRESS: &[Column] = &[
    NAME,
    field("ParentRef", "spec.parentRef", |o, _| parent(o).into()),
    AGE,
];

fn parent(address: &Value) -> String {
    let text = |field: &str| address.text(&format!("spec.parentRef.{field}"));
    let mut parts = vec![match text("group") {
        "" => text("resource").to_owned(),
        group => format!("{}.{group}", text("resource")),
    }];
    parts.extend([text("namespace"), text("name")].map(str::to_owned));
    parts.retain(|part| !part.is_empty());
    parts.join("/").to_lowercase()
}

pub(crate) const CONTROLLER_REVISION: &[Column] = &[
    NAME,
    column("Controller", "Controller of the object", |o, _| {
        let owners = o.list("metadata.ownerReferences");
        let controller = owners.iter().find(|one| one.flag("controller"));
        let name = controller.map(|one| {
            let kind = one.text("kind").to_lowercase();
            match one.text("apiVersion").split_once('/') {
                Some((group, _)) => format!("{kind}.{group}/{}", one.text("name")),
                None => format!("{kind}/{}", one.text("name")),
            }
        });
        or_none(&name.unwrap_or_default())
    }),
    field("Revision", "revision", |o, _| o.int("revision").into()),
    AGE,
];

pub(crate) const RESOURCE_QUOTA: &[Column] = &[
    NAME,
    column(
        "Request",
        "Request represents a minimum amount of cpu/memory that a container may consume.",
        |o, _| used(o, false).into(),
    ),
    column(
        "Limit",
        "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
        |o, _| used(o, true).into(),
    ),
    AGE,
];

/// What is used of each resource, of limits or of everything else.
fn used(quota: &Value, limits: bool) -> String {
    let hard = quota.entries("status.hard");
    let of_kind = hard.filter(|(name, _)| name.starts_with("limits.") == limits);
    let texts = of_kind.map(|(name, hard)| {
        let used = quota.at("status.used").get(name).and_then(Value::as_str);
        let hard = hard.as_str().unwrap_or_default();
        format!("{name}: {}/{hard}", used.unwrap_or("0"))
    });
    texts.collect::<Vec<_>>().join(", ")
}

pub(crate) const PRIORITY_CLASS: &[Column] = &[
    NAME,
    number("Value", "value", |o, _| o.int("value").into()),
    super::flag("Global-Default", "globalDefault", |o, _| {
        o.flag("globalDefault").into()
    }),
    AGE,
    super::wide(field("PreemptionPolicy", "preemptionPolicy", |o, _| {
        or_unset(o.text("preemptionPolicy"))
    })),
];
