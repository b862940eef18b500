//! What says how many Pods run, and when.

use serde_json::Value;

use super::workload::{CONTAINERS, CURRENT, DESIRED, IMAGES, READY, containers, images, of_containers};
use super::{AGE, NAME, age, column, field, flag, labels, number, selector, wide};
use crate::Column;
use crate::json::Json;

pub(crate) const HORIZONTAL_POD_AUTOSCALER: &[Column] = &[
    NAME,
    field("Reference", "spec.scaleTargetRef", |o, _| {
        format!(
            "{}/{}",
            o.text("spec.scaleTargetRef.kind"),
            o.text("spec.scaleTargetRef.name")
        )
        .into()
    }),
    field("Targets", "spec.metrics", |o, _| targets(o).into()),
    field("MinPods", "spec.minReplicas", |o, _| {
        match o.at("spec.minReplicas").as_i64() {
            Some(least) => least.to_string().into(),
            None => "<unset>".into(),
        }
    }),
    field("MaxPods", "spec.maxReplicas", |o, _| {
        o.int("spec.maxReplicas").into()
    }),
    field("Replicas", "status.currentReplicas", |o, _| {
        o.int("status.currentReplicas").into()
    }),
    AGE,
];

/// Metrics that are shown; of the others only how many there are.
const METRICS_SHOWN: usize = 2;

fn targets(autoscaler: &Value) -> String {
    let specs = autoscaler.list("spec.metrics");
    if specs.is_empty() {
        return "<none>".to_owned();
    }
    let current = autoscaler.list("status.currentMetrics");
    let texts = specs.iter().enumerate();
    let texts = texts.map(|(index, spec)| target(spec, current.get(index).unwrap_or(&Value::Null)));
    let shown = texts.take(METRICS_SHOWN).collect::<Vec<_>>().join(", ");
    match specs.len().saturating_sub(METRICS_SHOWN) {
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

fn target(spec: &Value, status: &Value) -> String {
    let (source, of_resource) = match spec.text("type") {
        "External" => ("external", false),
        "Pods" => ("pods", false),
        "Object" => ("object", false),
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        _ => return "<unknown type>".to_owned(),
    };
    let at =
        |object: &Value, part: &str, field: &str| text_of(object.at(&format!("{source}.{part}.{field}")));
    let both = |field: &str, unit: &str, missing: &str| {
        let current = at(status, "current", field).map_or("<unknown>".to_owned(), |text| text + unit);
        let wanted = at(spec, "target", field).map_or(missing.to_owned(), |text| text + unit);
        format!("{current}/{wanted}")
    };
    let average = at(spec, "target", "averageValue").is_some();
    let name = spec.text(&format!("{source}.name"));
    match (of_resource, average) {
        (true, true) => format!("{name}: {}", both("averageValue", "", "")),
        (true, false) => format!("{name}: {}", both("averageUtilization", "%", "<auto>")),
        (false, true) if source != "pods" => format!("{} (avg)", both("averageValue", "", "")),
        (false, true) => both("averageValue", "", ""),
        (false, false) => both("value", "", ""),
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

pub(crate) const POD_DISRUPTION_BUDGET: &[Column] = &[
    NAME,
    column(
        "Min Available",
        "The minimum number of pods that must be available.",
        |o, _| text_of(o.at("spec.minAvailable")).map_or("N/A".into(), Value::from),
    ),
    column(
        "Max Unavailable",
        "The maximum number of pods that may be unavailable.",
        |o, _| text_of(o.at("spec.maxUnavailable")).map_or("N/A".into(), Value::from),
    ),
    Column {
        kind: "integer",
        ..column(
            "Allowed Disruptions",
            "Calculated number of pods that may be disrupted at this time.",
            |o, _| o.int("status.disruptionsAllowed").into(),
        )
    },
    AGE,
];

pub(crate) const CRON_JOB: &[Column] = &[
    NAME,
    field("Schedule", "spec.schedule", |o, _| o.text("spec.schedule").into()),
    field("Timezone", "spec.timeZone", |o, _| {
        super::or_none(o.text("spec.timeZone"))
    }),
    flag("Suspend", "spec.suspend", |o, _| {
        if o.flag("spec.suspend") { "True" } else { "False" }.into()
    }),
    number("Active", "status.active", |o, _| {
        o.list("status.active").len().into()
    }),
    field("Last Schedule", "status.lastScheduleTime", |o, now| {
        match o.text("status.lastScheduleTime") {
            "" => "<none>".into(),
            time => age::since(time, now).into(),
        }
    }),
    AGE,
    wide(containers(|o, _| {
        of_containers(o, "spec.jobTemplate.spec.template.spec", "name")
    })),
    wide(images(|o, _| {
        of_containers(o, "spec.jobTemplate.spec.template.spec", "image")
    })),
    wide(field("Selector", "spec.jobTemplate.spec.selector", |o, _| {
        selector(o, "spec.jobTemplate.spec.selector")
    })),
];

pub(crate) const REPLICATION_CONTROLLER: &[Column] = &[
    NAME,
    DESIRED,
    CURRENT,
    READY,
    AGE,
    CONTAINERS,
    IMAGES,
    wide(field("Selector", "spec.selector", |o, _| {
        labels(o, "spec.selector")
    })),
];

pub(crate) const POD_TEMPLATE: &[Column] = &[
    NAME,
    containers(|o, _| of_containers(o, "template.spec", "name")),
    images(|o, _| of_containers(o, "template.spec", "image")),
    column("Pod Labels", "The labels for the pod template.", |o, _| {
        labels(o, "template.metadata.labels")
    }),
];
