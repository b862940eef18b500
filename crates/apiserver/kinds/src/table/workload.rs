//! Pods and what makes them.

use serde_json::Value;

use super::{AGE, Cell, NAME, age, column, field, labels, number, or_none, selector, wide};
use crate::json::Json;
use crate::{Column, Description};

mod pod;

pub(crate) const POD: &[Column] = &[
    NAME,
    column(
        "Ready",
        "The aggregate readiness state of this pod for accepting traffic.",
        |o, _| pod::Summary::new(o).ready().into(),
    ),
    column(
        "Status",
        "The aggregate status of the containers in this pod.",
        |o, _| pod::Summary::new(o).reason.into(),
    ),
    column(
        "Restarts",
        "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
        |o, now| pod::Summary::new(o).restarts(now).into(),
    ),
    AGE,
    wide(field("IP", "status.podIP", |o, _| {
        or_none(o.list("status.podIPs").first().map_or("", |one| one.text("ip")))
    })),
    wide(field("Node", "spec.nodeName", |o, _| {
        or_none(o.text("spec.nodeName"))
    })),
    wide(field("Nominated Node", "status.nominatedNodeName", |o, _| {
        or_none(o.text("status.nominatedNodeName"))
    })),
    wide(field("Readiness Gates", "spec.readinessGates", |o, _| {
        pod::readiness_gates(o)
    })),
];

pub(crate) const DEPLOYMENT: &[Column] = &[
    NAME,
    column("Ready", "Number of the pod with ready state", |o, _| ready(o)),
    field("Up-to-date", "status.updatedReplicas", |o, _| {
        o.int("status.updatedReplicas").into()
    }),
    field("Available", "status.availableReplicas", |o, _| {
        o.int("status.availableReplicas").into()
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(crate) const REPLICA_SET: &[Column] = &[NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR];

pub(crate) const DAEMON_SET: &[Column] = &[
    NAME,
    number("Desired", "status.desiredNumberScheduled", |o, _| {
        o.int("status.desiredNumberScheduled").into()
    }),
    number("Current", "status.currentNumberScheduled", |o, _| {
        o.int("status.currentNumberScheduled").into()
    }),
    number("Ready", "status.numberReady", |o, _| {
        o.int("status.numberReady").into()
    }),
    number("Up-to-date", "status.updatedNumberScheduled", |o, _| {
        o.int("status.updatedNumberScheduled").into()
    }),
    number("Available", "status.numberAvailable", |o, _| {
        o.int("status.numberAvailable").into()
    }),
    field("Node Selector", "spec.template.spec.nodeSelector", |o, _| {
        labels(o, "spec.template.spec.nodeSelector")
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(crate) const STATEFUL_SET: &[Column] = &[
    NAME,
    column("Ready", "Number of the pod with ready state", |o, _| ready(o)),
    AGE,
    CONTAINERS,
    IMAGES,
];

pub(crate) const JOB: &[Column] = &[
    NAME,
    column("Status", "Status of the job.", |o, _| job_status(o).into()),
    field("Completions", "status.succeeded", |o, _| completions(o).into()),
    column("Duration", "Time required to complete the job.", |o, now| {
        let (start, end) = (o.text("status.startTime"), o.text("status.completionTime"));
        match (start, end) {
            ("", _) => "".into(),
            (start, "") => age::since(start, now).into(),
            (start, end) => age::between(start, end).into(),
        }
    }),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

pub(super) const DESIRED: Column = number("Desired", "spec.replicas", |o, _| o.int("spec.replicas").into());
pub(super) const CURRENT: Column = number("Current", "status.replicas", |o, _| {
    o.int("status.replicas").into()
});
pub(super) const READY: Column = number("Ready", "status.readyReplicas", |o, _| {
    o.int("status.readyReplicas").into()
});
pub(super) const CONTAINERS: Column = wide(containers(|o, _| of_containers(o, "spec.template.spec", "name")));
pub(super) const IMAGES: Column = wide(images(|o, _| of_containers(o, "spec.template.spec", "image")));
const SELECTOR: Column = Column {
    description: Description::Field("spec.selector"),
    ..wide(column("Selector", "", |o, _| selector(o, "spec.selector")))
};

/// The column with the containers of a Pod template.
pub(super) const fn containers(cell: Cell) -> Column {
    column("Containers", "Names of each container in the template.", cell)
}

/// The column with their images.
pub(super) const fn images(cell: Cell) -> Column {
    column(
        "Images",
        "Images referenced by each container in the template.",
        cell,
    )
}

/// A field of the containers of a Pod template whose spec is at a path.
pub(super) fn of_containers(object: &Value, spec: &str, what: &str) -> Value {
    let containers = object.at(spec).list("containers").iter();
    containers
        .map(|container| container.text(what))
        .collect::<Vec<_>>()
        .join(",")
        .into()
}

fn ready(object: &Value) -> Value {
    format!(
        "{}/{}",
        object.int("status.readyReplicas"),
        object.int("spec.replicas")
    )
    .into()
}

fn completions(job: &Value) -> String {
    let done = job.int("status.succeeded");
    match (job.at("spec.completions").as_i64(), job.int("spec.parallelism")) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, parallelism) if parallelism > 1 => format!("{done}/1 of {parallelism}"),
        _ => format!("{done}/1"),
    }
}

fn job_status(job: &Value) -> &'static str {
    let is = |condition: &str| {
        job.list("status.conditions")
            .iter()
            .any(|one| one.text("type") == condition && one.text("status") == "True")
    };
    let deleted = job.has("metadata.deletionTimestamp");
    let states = [
        ("Complete", is("Complete")),
        ("Failed", is("Failed")),
        ("Terminating", deleted),
        ("Suspended", is("Suspended")),
        ("FailureTarget", is("FailureTarget")),
        ("SuccessCriteriaMet", is("SuccessCriteriaMet")),
    ];
    states
        .into_iter()
        .find(|(_, holds)| *holds)
        .map_or("Running", |(state, _)| state)
}
