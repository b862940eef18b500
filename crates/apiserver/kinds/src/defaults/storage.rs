//! Volumes, claims, their classes and drivers, and LimitRanges.

use serde_json::{Value, json};

use crate::json::{Json, JsonMut};

/// CSIDriver.
pub(crate) fn csi_driver(object: &mut Value) {
    object.fill("spec.attachRequired", true);
    object.fill("spec.podInfoOnMount", false);
    object.fill("spec.storageCapacity", false);
    object.fill("spec.fsGroupPolicy", "ReadWriteOnceWithFSType");
    object.fill("spec.requiresRepublish", false);
    object.fill("spec.seLinuxMount", false);
    object.fill("spec.volumeLifecycleModes", json!(["Persistent"]));
}

/// CSINode: a kubelet without drivers sends null.
pub(crate) fn csi_node(object: &mut Value) {
    object.fill("spec.drivers", json!([]));
}

/// StorageClass.
pub(crate) fn storage_class(object: &mut Value) {
    object.fill("reclaimPolicy", "Delete");
    object.fill("volumeBindingMode", "Immediate");
}

/// PersistentVolumeClaim.
pub(crate) fn claim(object: &mut Value) {
    object.fill("spec.volumeMode", "Filesystem");
    object.fill("status.phase", "Pending");
}

/// PersistentVolume.
pub(crate) fn volume(object: &mut Value) {
    object.fill("spec.persistentVolumeReclaimPolicy", "Retain");
    object.fill("spec.volumeMode", "Filesystem");
    object.fill("status.phase", "Pending");
}

/// LimitRange: a container's default limit is the largest allowed one, its default request that limit, or
/// else the smallest allowed one.
pub(crate) fn limit_range(object: &mut Value) {
    object.each("spec.limits", |limit| {
        if limit.text("type") == "Container" {
            copy_missing(limit, "max", "default");
            copy_missing(limit, "default", "defaultRequest");
            copy_missing(limit, "min", "defaultRequest");
        }
    });
}

fn copy_missing(limit: &mut Value, from: &str, to: &str) {
    let values: Vec<(String, Value)> = limit
        .entries(from)
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    if values.is_empty() {
        return;
    }
    limit.fill(to, json!({}));
    for (name, value) in values {
        if let Some(known) = limit.at_mut(to).and_then(Value::as_object_mut) {
            // Names of resources have dots, so that a path cannot name them.
            known.entry(name).or_insert(value);
        }
    }
}
