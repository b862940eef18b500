//! `metadata` (meta/v1 `ObjectMeta`).

use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::common::same;
use super::names;
use crate::Resource;
use crate::json::Json;

/// Total size of keys and values of annotations.
const ANNOTATION_BYTES: usize = 256 << 10;

/// Rules for the metadata of a new object.
pub(super) fn on_create(resource: &Resource, object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let metadata = object.at("metadata");
    let (name, prefix) = (metadata.text("name"), metadata.text("generateName"));
    if !prefix.is_empty() {
        for complaint in resource.name_rule.check(prefix, true) {
            errors.invalid("metadata.generateName", prefix, complaint);
        }
    }
    if name.is_empty() {
        errors.required("metadata.name", "name or generateName is required");
    }
    for complaint in resource.name_rule.check(name, false) {
        if !name.is_empty() {
            errors.invalid("metadata.name", name, complaint);
        }
    }
    namespace(&mut errors, resource.namespaced, metadata.text("namespace"));
    common(&mut errors, metadata);
    finalizers(&mut errors, metadata);
    // Custom resources go through apimachinery's validation only, which lacks this rule.
    if !resource.is_custom() {
        unqualified_finalizers(&mut errors, metadata);
    }
    errors.0
}

fn namespace(errors: &mut Errors, namespaced: bool, namespace: &str) {
    if namespaced {
        errors.required_name("metadata.namespace", namespace, names::dns_label);
    } else if !namespace.is_empty() {
        errors.forbidden("metadata.namespace", "not allowed on this type");
    }
}

/// Rules for changed metadata.
pub(super) fn on_update(resource: &Resource, new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let metadata = new.at("metadata");
    if old.has("metadata.deletionTimestamp") {
        no_new_finalizers(&mut errors, metadata, old.at("metadata"));
    }
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        let (new, old) = (metadata.at(field), old.at("metadata").at(field));
        if !same(new, old) {
            errors.invalid(format!("metadata.{field}"), new.clone(), "field is immutable");
        }
    }
    common(&mut errors, metadata);
    if !resource.is_custom() {
        unqualified_finalizers(&mut errors, metadata);
    }
    errors.0
}

fn common(errors: &mut Errors, metadata: &Value) {
    errors.labels("metadata.labels", metadata.at("labels"));
    let mut size = 0;
    for (key, value) in metadata.entries("annotations") {
        // Other than in labels, case does not matter in the prefix.
        for complaint in names::qualified_name(&key.to_lowercase()) {
            errors.invalid("metadata.annotations", key, complaint);
        }
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > ANNOTATION_BYTES {
        errors.too_long("metadata.annotations", ANNOTATION_BYTES);
    }
    owners(errors, metadata);
}

fn owners(errors: &mut Errors, metadata: &Value) {
    let path = "metadata.ownerReferences";
    let mut controller: Option<String> = None;
    for (index, owner) in metadata.list("ownerReferences").iter().enumerate() {
        let version = owner.text("apiVersion");
        let parts: Vec<&str> = version.split('/').collect();
        if !version.is_empty() && (parts.len() > 2 || parts.last() == Some(&"")) {
            errors.invalid(
                format!("{path}[{index}].apiVersion"),
                version,
                "must be <group>/<version> or <version>",
            );
        }
        for field in ["apiVersion", "kind", "name", "uid"] {
            if owner.text(field).is_empty() {
                errors.required(format!("{path}[{index}].{field}"), "must not be empty");
            }
        }
        if version == "v1" && owner.text("kind") == "Event" {
            errors.invalid(
                format!("{path}[{index}]"),
                owner.clone(),
                "/v1, Kind=Event is disallowed from being an owner",
            );
        }
        if owner.flag("controller") {
            let name = format!("{}/{}", owner.text("kind"), owner.text("name"));
            match &controller {
                Some(first) => {
                    let why = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"
                    );
                    errors.invalid(path, metadata.at("ownerReferences").clone(), why);
                }
                None => controller = Some(name),
            }
        }
    }
}

fn finalizers(errors: &mut Errors, metadata: &Value) {
    let all = metadata.texts("finalizers");
    for finalizer in &all {
        errors.follows("metadata.finalizers", finalizer, names::qualified_name);
    }
    if all.contains(&"orphan") && all.contains(&"foregroundDeletion") {
        errors.invalid(
            "metadata.finalizers",
            metadata.at("finalizers").clone(),
            "finalizer orphan and foregroundDeletion cannot be both set",
        );
    }
}

/// Finalizers without a domain are those of the API itself.
fn unqualified_finalizers(errors: &mut Errors, metadata: &Value) {
    for (index, finalizer) in metadata.texts("finalizers").into_iter().enumerate() {
        if !finalizer.contains('/') && !matches!(finalizer, "kubernetes" | "orphan" | "foregroundDeletion") {
            errors.invalid(
                format!("metadata.finalizers[{index}]"),
                finalizer,
                "name is neither a standard finalizer name nor is it fully qualified",
            );
        }
    }
}

fn no_new_finalizers(errors: &mut Errors, new: &Value, old: &Value) {
    let known = old.texts("finalizers");
    let mut added: Vec<&str> = new
        .texts("finalizers")
        .into_iter()
        .filter(|one| !known.contains(one))
        .collect();
    if !added.is_empty() {
        added.sort_unstable();
        let quoted: Vec<String> = added.iter().map(|one| format!("\"{one}\"")).collect();
        let why = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            quoted.join(", ")
        );
        errors.forbidden("metadata.finalizers", why);
    }
}
