//! ConfigMaps, Secrets, Nodes, Events and Leases.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::common::same;
use super::names;
use crate::json::Json;

/// Size of all values together.
const MOST_BYTES: usize = 1 << 20;

/// ConfigMap.
pub(crate) fn config_map(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let mut size = 0;
    for (key, value) in object.entries("data") {
        let path = format!("data[{key}]");
        errors.follows(&path, key, names::config_key);
        if object.at("binaryData").get(key).is_some() {
            errors.invalid(path, key, "duplicate of key present in binaryData");
        }
        size += value.as_str().unwrap_or_default().len();
    }
    for (key, value) in object.entries("binaryData") {
        errors.follows(&format!("binaryData[{key}]"), key, names::config_key);
        size += decode(value).len();
    }
    if size > MOST_BYTES {
        // So prints Kubernetes a path without a name.
        errors.too_long("[]", MOST_BYTES);
    }
    errors.0
}

/// A change of a ConfigMap.
pub(crate) fn config_map_update(new: &Value, old: &Value) -> Vec<FieldError> {
    frozen(new, old, &["data", "binaryData"])
}

/// What may no longer change once `immutable` is set.
fn frozen(new: &Value, old: &Value, fields: &[&str]) -> Vec<FieldError> {
    const WHY: &str = "field is immutable when `immutable` is set";
    let mut errors = Errors::default();
    if old.flag("immutable") {
        if !new.flag("immutable") {
            errors.forbidden("immutable", WHY);
        }
        for field in fields.iter().filter(|field| !same(new.at(field), old.at(field))) {
            errors.forbidden(*field, WHY);
        }
    }
    errors.0
}

/// The bytes that a text in base64 stands for.
fn decode(value: &Value) -> Vec<u8> {
    STANDARD
        .decode(value.as_str().unwrap_or_default())
        .unwrap_or_default()
}

/// Secret: keys, size, and what its type promises.
pub(crate) fn secret(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let mut size = 0;
    for (key, value) in object.entries("data") {
        errors.follows(&format!("data[{key}]"), key, names::config_key);
        size += decode(value).len();
    }
    if size > MOST_BYTES {
        errors.too_long("data", MOST_BYTES);
    }
    let value = |key: &str| object.at("data").get(key);
    let require = |errors: &mut Errors, key: &str| errors.required(format!("data[{key}]"), "");
    match object.text("type") {
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if value(key).is_none() {
                    require(&mut errors, key);
                }
            }
        }
        "kubernetes.io/basic-auth" if value("username").or(value("password")).is_none() => {
            require(&mut errors, "username");
            require(&mut errors, "password");
        }
        "kubernetes.io/ssh-auth" if value("ssh-privatekey").is_none_or(|key| decode(key).is_empty()) => {
            require(&mut errors, "ssh-privatekey");
        }
        "kubernetes.io/dockercfg" => docker_config(&mut errors, ".dockercfg", value(".dockercfg")),
        "kubernetes.io/dockerconfigjson" => {
            docker_config(&mut errors, ".dockerconfigjson", value(".dockerconfigjson"));
        }
        "kubernetes.io/service-account-token" => {
            let key = "kubernetes.io/service-account.name";
            if object.annotation(key).is_none_or(str::is_empty) {
                errors.required(format!("metadata.annotations[{key}]"), "");
            }
        }
        _ => {}
    }
    errors.0
}

fn docker_config(errors: &mut Errors, key: &str, value: Option<&Value>) {
    let path = format!("data[{key}]");
    match value {
        None => errors.required(path, ""),
        Some(value) => {
            if let Err(error) = serde_json::from_slice::<serde_json::Map<String, Value>>(&decode(value)) {
                errors.invalid(path, "<secret contents redacted>", error.to_string());
            }
        }
    }
}

/// A change of a Secret.
pub(crate) fn secret_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.immutable("type", new, old);
    errors.0.extend(frozen(new, old, &["data"]));
    errors.0
}

/// Node.
pub(crate) fn node(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for (index, taint) in object.list("spec.taints").iter().enumerate() {
        let path = format!("spec.taints[{index}]");
        errors.follows(&format!("{path}.key"), taint.text("key"), names::qualified_name);
        errors.follows(&format!("{path}.value"), taint.text("value"), names::label_value);
        errors.one_of(
            &format!("{path}.effect"),
            taint.text("effect"),
            &["NoSchedule", "PreferNoSchedule", "NoExecute"],
            true,
        );
    }
    let cidrs = object.texts("spec.podCIDRs");
    for (index, cidr) in cidrs.into_iter().enumerate() {
        errors.follows(&format!("spec.podCIDRs[{index}]"), cidr, names::network);
    }
    errors.0
}

/// A change of a Node.
pub(crate) fn node_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let provider = old.text("spec.providerID");
    if !provider.is_empty() && provider != new.text("spec.providerID") {
        errors.forbidden(
            "spec.providerID",
            "node updates may not change providerID except from \"\" to valid",
        );
    }
    let cidrs = old.at("spec.podCIDRs");
    if !old.list("spec.podCIDRs").is_empty() && !same(new.at("spec.podCIDRs"), cidrs) {
        errors.forbidden(
            "spec.podCIDRs",
            "node updates may not change podCIDR except from \"\" to valid",
        );
    }
    errors.0
}

/// Lease.
pub(crate) fn lease(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for (field, least) in [("spec.leaseDurationSeconds", 1), ("spec.leaseTransitions", 0)] {
        if object.has(field) && object.int(field) < least {
            let why = match least {
                0 => "must be greater than or equal to 0",
                _ => "must be greater than 0",
            };
            errors.invalid(field, object.int(field), why);
        }
    }
    errors.0
}

/// Event, in the shape of the core group.
pub(crate) fn event(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (own, involved) = (
        object.text("metadata.namespace"),
        object.text("involvedObject.namespace"),
    );
    // Events about objects that are in no namespace live in `default`.
    let outside = involved.is_empty() && own == "default";
    if involved != own && !outside {
        errors.invalid(
            "involvedObject.namespace",
            involved,
            "does not match event.namespace",
        );
    }
    errors.0
}
