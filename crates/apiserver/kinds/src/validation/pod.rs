//! Pods and Pod templates: names, ports and the choices among fixed words. What a kubelet would judge
//! (volumes, resources, security) is left to it.

use std::collections::HashSet;

use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::common::same;
use super::names;
use crate::json::{Json, JsonMut};

/// Pod.
pub(crate) fn validate(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    spec(&mut errors, "spec", object.at("spec"));
    errors.0
}

/// `spec` of a Pod or template.
pub(crate) fn spec(errors: &mut Errors, path: &str, spec: &Value) {
    let mut seen = HashSet::new();
    if spec.list("containers").is_empty() {
        errors.required(format!("{path}.containers"), "");
    }
    for list in ["initContainers", "containers"] {
        for (index, one) in spec.list(list).iter().enumerate() {
            let path = format!("{path}.{list}[{index}]");
            let name = one.text("name");
            errors.required_name(&format!("{path}.name"), name, names::dns_label);
            if !name.is_empty() && !seen.insert(name) {
                errors.duplicate(format!("{path}.name"), name);
            }
            container(errors, &path, one);
        }
    }
    volumes(errors, path, spec);
    errors.one_of(
        &format!("{path}.restartPolicy"),
        spec.text("restartPolicy"),
        &["Always", "OnFailure", "Never"],
        true,
    );
    errors.one_of(
        &format!("{path}.dnsPolicy"),
        spec.text("dnsPolicy"),
        &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
        true,
    );
    errors.labels(&format!("{path}.nodeSelector"), spec.at("nodeSelector"));
    for (field, rule) in [
        ("serviceAccountName", names::dns_subdomain as names::Rule),
        ("nodeName", names::dns_subdomain),
        ("hostname", names::dns_label),
        ("subdomain", names::dns_label),
    ] {
        if !spec.text(field).is_empty() {
            errors.follows(&format!("{path}.{field}"), spec.text(field), rule);
        }
    }
}

fn container(errors: &mut Errors, path: &str, container: &Value) {
    let image = container.text("image");
    if image.is_empty() {
        errors.required(format!("{path}.image"), "");
    } else if image.trim() != image {
        errors.invalid(
            format!("{path}.image"),
            image,
            "must not have leading or trailing whitespace",
        );
    }
    errors.one_of(
        &format!("{path}.imagePullPolicy"),
        container.text("imagePullPolicy"),
        &["Always", "IfNotPresent", "Never"],
        true,
    );
    let mut seen = HashSet::new();
    for (index, port) in container.list("ports").iter().enumerate() {
        let path = format!("{path}.ports[{index}]");
        let name = port.text("name");
        if !name.is_empty() {
            errors.follows(&format!("{path}.name"), name, names::port_name);
            if !seen.insert(name) {
                errors.duplicate(format!("{path}.name"), name);
            }
        }
        if port.int("containerPort") == 0 {
            errors.required(format!("{path}.containerPort"), "");
        } else {
            errors.port_number(&format!("{path}.containerPort"), port.at("containerPort"));
        }
        if port.int("hostPort") != 0 {
            errors.port_number(&format!("{path}.hostPort"), port.at("hostPort"));
        }
        errors.one_of(
            &format!("{path}.protocol"),
            port.text("protocol"),
            &["SCTP", "TCP", "UDP"],
            true,
        );
    }
    for (index, variable) in container.list("env").iter().enumerate() {
        if variable.text("name").is_empty() {
            errors.required(format!("{path}.env[{index}].name"), "");
        }
    }
}

fn volumes(errors: &mut Errors, path: &str, spec: &Value) {
    let mut names_seen = HashSet::new();
    for (index, volume) in spec.list("volumes").iter().enumerate() {
        let path = format!("{path}.volumes[{index}].name");
        let name = volume.text("name");
        errors.required_name(&path, name, names::dns_label);
        if !name.is_empty() && !names_seen.insert(name) {
            errors.duplicate(path, name);
        }
    }
    for list in ["initContainers", "containers"] {
        for (index, container) in spec.list(list).iter().enumerate() {
            for (mount, one) in container.list("volumeMounts").iter().enumerate() {
                let path = format!("{path}.{list}[{index}].volumeMounts[{mount}]");
                if one.text("name").is_empty() {
                    errors.required(format!("{path}.name"), "");
                } else if !names_seen.contains(one.text("name")) {
                    let missing = FieldError::new(
                        kinglet_api_schema::FieldErrorKind::NotFound,
                        format!("{path}.name"),
                        one.text("name").into(),
                        "",
                    );
                    errors.0.push(missing);
                }
                if one.text("mountPath").is_empty() {
                    errors.required(format!("{path}.mountPath"), "");
                }
            }
        }
    }
}

/// A change of a Pod: nearly nothing of a running Pod may change.
pub(crate) fn validate_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let mut allowed = new.at("spec").clone();
    for list in ["containers", "initContainers"] {
        let images: Vec<Value> = old
            .list(&format!("spec.{list}"))
            .iter()
            .map(|one| one.at("image").clone())
            .collect();
        let mut images = images.into_iter();
        allowed.each(list, |container| {
            if let Some(image) = images.next() {
                container.put("image", image);
            }
        });
    }
    for field in [
        "activeDeadlineSeconds",
        "tolerations",
        "terminationGracePeriodSeconds",
        "schedulingGates",
    ] {
        match old.at("spec").get(field) {
            Some(value) => allowed.put(field, value.clone()),
            None => drop(allowed.drop_field(field)),
        }
    }
    if !same(&allowed, old.at("spec")) {
        errors.forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
             `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
             `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        );
    }
    errors.0
}
