//! Volumes, claims, their classes and drivers; devices.

use serde_json::Value;

use super::{AGE, NAME, column, field, flag, number, or_unset, wide};
use crate::Column;
use crate::json::Json;

/// The annotation that named the class before `storageClassName` did.
const CLASS: &str = "volume.beta.kubernetes.io/storage-class";

pub(crate) const PERSISTENT_VOLUME: &[Column] = &[
    NAME,
    field("Capacity", "spec.capacity", |o, _| {
        o.text("spec.capacity.storage").into()
    }),
    field("Access Modes", "spec.accessModes", |o, _| {
        modes(o, "spec.accessModes")
    }),
    field("Reclaim Policy", "spec.persistentVolumeReclaimPolicy", |o, _| {
        o.text("spec.persistentVolumeReclaimPolicy").into()
    }),
    field("Status", "status.phase", |o, _| phase(o)),
    field("Claim", "spec.claimRef", |o, _| match o.has("spec.claimRef") {
        true => format!(
            "{}/{}",
            o.text("spec.claimRef.namespace"),
            o.text("spec.claimRef.name")
        )
        .into(),
        false => "".into(),
    }),
    column("StorageClass", "StorageClass of the pv", |o, _| class(o).into()),
    column(
        "VolumeAttributesClass",
        "VolumeAttributesClass of the pv",
        |o, _| or_unset(o.text("spec.volumeAttributesClassName")),
    ),
    field("Reason", "status.reason", |o, _| o.text("status.reason").into()),
    AGE,
    VOLUME_MODE,
];

pub(crate) const PERSISTENT_VOLUME_CLAIM: &[Column] = &[
    NAME,
    field("Status", "status.phase", |o, _| phase(o)),
    field("Volume", "spec.volumeName", |o, _| {
        o.text("spec.volumeName").into()
    }),
    field("Capacity", "status.capacity", |o, _| {
        if o.text("spec.volumeName").is_empty() {
            "".into()
        } else {
            o.text("status.capacity.storage").into()
        }
    }),
    field("Access Modes", "status.accessModes", |o, _| {
        if o.text("spec.volumeName").is_empty() {
            "".into()
        } else {
            modes(o, "status.accessModes")
        }
    }),
    column("StorageClass", "StorageClass of the pvc", |o, _| class(o).into()),
    column(
        "VolumeAttributesClass",
        "VolumeAttributesClass of the pvc",
        |o, _| or_unset(o.text("spec.volumeAttributesClassName")),
    ),
    AGE,
    VOLUME_MODE,
];

const VOLUME_MODE: Column = wide(field("VolumeMode", "spec.volumeMode", |o, _| {
    or_unset(o.text("spec.volumeMode"))
}));

fn phase(object: &Value) -> Value {
    if object.has("metadata.deletionTimestamp") {
        "Terminating".into()
    } else {
        object.text("status.phase").into()
    }
}

fn class(object: &Value) -> &str {
    object
        .annotation(CLASS)
        .unwrap_or_else(|| object.text("spec.storageClassName"))
}

/// Access modes in the short form, each once, in the order of Kubernetes.
fn modes(object: &Value, path: &str) -> Value {
    let given = object.texts(path);
    let short = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let found = short
        .iter()
        .filter(|(mode, _)| given.contains(mode))
        .map(|(_, short)| *short);
    found.collect::<Vec<_>>().join(",").into()
}

pub(crate) const STORAGE_CLASS: &[Column] = &[
    Column {
        cell: |o, _| {
            let name = o.text("metadata.name");
            match o.annotation("storageclass.kubernetes.io/is-default-class") {
                Some("true") => format!("{name} (default)").into(),
                _ => name.into(),
            }
        },
        ..NAME
    },
    field("Provisioner", "provisioner", |o, _| o.text("provisioner").into()),
    field("ReclaimPolicy", "reclaimPolicy", |o, _| {
        o.text("reclaimPolicy").into()
    }),
    field("VolumeBindingMode", "volumeBindingMode", |o, _| {
        o.text("volumeBindingMode").into()
    }),
    field("AllowVolumeExpansion", "allowVolumeExpansion", |o, _| {
        o.flag("allowVolumeExpansion").into()
    }),
    AGE,
];

pub(crate) const VOLUME_ATTRIBUTES_CLASS: &[Column] = &[
    NAME,
    field("DriverName", "driverName", |o, _| o.text("driverName").into()),
    AGE,
];

pub(crate) const VOLUME_ATTACHMENT: &[Column] = &[
    NAME,
    field("Attacher", "spec.attacher", |o, _| o.text("spec.attacher").into()),
    field("PV", "spec.source.persistentVolumeName", |o, _| {
        o.text("spec.source.persistentVolumeName").into()
    }),
    field("Node", "spec.nodeName", |o, _| o.text("spec.nodeName").into()),
    flag("Attached", "status.attached", |o, _| {
        o.flag("status.attached").into()
    }),
    AGE,
];

pub(crate) const CSI_NODE: &[Column] = &[
    NAME,
    number("Drivers", "spec.drivers", |o, _| {
        o.list("spec.drivers").len().into()
    }),
    AGE,
];

pub(crate) const CSI_DRIVER: &[Column] = &[
    NAME,
    flag("AttachRequired", "spec.attachRequired", |o, _| {
        o.flag("spec.attachRequired").into()
    }),
    flag("PodInfoOnMount", "spec.podInfoOnMount", |o, _| {
        o.flag("spec.podInfoOnMount").into()
    }),
    flag("StorageCapacity", "spec.storageCapacity", |o, _| {
        o.flag("spec.storageCapacity").into()
    }),
    field("TokenRequests", "spec.tokenRequests", |o, _| {
        let audiences = o
            .list("spec.tokenRequests")
            .iter()
            .map(|one| one.text("audience"));
        match o.has("spec.tokenRequests") {
            true => audiences.collect::<Vec<_>>().join(",").into(),
            false => "<unset>".into(),
        }
    }),
    flag("RequiresRepublish", "spec.requiresRepublish", |o, _| {
        o.flag("spec.requiresRepublish").into()
    }),
    field("Modes", "spec.volumeLifecycleModes", |o, _| {
        super::or_none(&o.texts("spec.volumeLifecycleModes").join(","))
    }),
    AGE,
];

pub(crate) const CSI_STORAGE_CAPACITY: &[Column] = &[
    NAME,
    field("StorageClassName", "storageClassName", |o, _| {
        o.text("storageClassName").into()
    }),
    field("Capacity", "capacity", |o, _| or_unset(o.text("capacity"))),
];

pub(crate) const RUNTIME_CLASS: &[Column] = &[
    NAME,
    field("Handler", "handler", |o, _| o.text("handler").into()),
    AGE,
];

pub(crate) const RESOURCE_CLAIM: &[Column] = &[
    NAME,
    column(
        "State",
        "A summary of the current state (allocated, pending, reserved, etc.).",
        |o, _| claim_state(o).into(),
    ),
    AGE,
];

fn claim_state(claim: &Value) -> String {
    let deleted = claim.has("metadata.deletionTimestamp");
    let allocated = claim.has("status.allocation");
    let states = [
        ("deleted", deleted),
        ("pending", !deleted && !allocated),
        ("allocated", allocated),
        (
            "reserved",
            allocated && !claim.list("status.reservedFor").is_empty(),
        ),
    ];
    let states = states.iter().filter(|(_, holds)| *holds).map(|(state, _)| *state);
    states.collect::<Vec<_>>().join(",")
}

pub(crate) const RESOURCE_SLICE: &[Column] = &[
    NAME,
    field("Node", "spec.nodeName", |o, _| o.text("spec.nodeName").into()),
    field("Driver", "spec.driver", |o, _| o.text("spec.driver").into()),
    field("Pool", "spec.pool.name", |o, _| o.text("spec.pool.name").into()),
    AGE,
];
