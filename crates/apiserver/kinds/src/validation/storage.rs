//! Volumes, claims and their classes.

use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use crate::json::Json;

/// How a volume may be mounted.
const MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];

/// PersistentVolumeClaim.
pub(crate) fn claim(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    access_modes(&mut errors, object);
    if !object.has("spec.resources.requests.storage") {
        errors.required("spec.resources[storage]", "");
    }
    errors.0
}

/// PersistentVolume.
pub(crate) fn volume(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if object.entries("spec.capacity").next().is_none() {
        errors.required("spec.capacity", "");
    }
    access_modes(&mut errors, object);
    errors.0
}

fn access_modes(errors: &mut Errors, object: &Value) {
    let modes = object.texts("spec.accessModes");
    if modes.is_empty() {
        errors.required("spec.accessModes", "at least 1 access mode is required");
    }
    for mode in modes {
        errors.one_of("spec.accessModes", mode, &MODES, true);
    }
}

/// A change of a StorageClass: volumes were made by what it said.
pub(crate) fn storage_class_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
        errors.immutable(field, new, old);
    }
    errors.0
}
