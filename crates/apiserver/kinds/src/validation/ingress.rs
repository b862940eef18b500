//! Ingresses and IngressClasses.

use std::net::IpAddr;

use kinglet_api_schema::FieldError;
use serde_json::{Value, json};

use super::Errors;
use super::names;
use super::service::balancer_ingress;
use crate::json::Json;

/// Ingress.
pub(crate) fn ingress(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let rules = object.list("spec.rules");
    let backend = object.at("spec.defaultBackend");
    if rules.is_empty() && backend.is_null() {
        errors.invalid(
            "spec",
            if object.has("spec.rules") {
                json!([])
            } else {
                Value::Null
            },
            "either `defaultBackend` or `rules` must be specified",
        );
    }
    if !backend.is_null() {
        ingress_backend(&mut errors, "spec.defaultBackend", backend);
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("spec.rules[{index}]");
        ingress_host(&mut errors, &format!("{path}.host"), rule.text("host"));
        let Some(http) = rule.get("http").filter(|http| !http.is_null()) else {
            continue;
        };
        if http.list("paths").is_empty() {
            errors.required(format!("{path}.http.paths"), "");
        }
        for (index, one) in http.list("paths").iter().enumerate() {
            ingress_path(&mut errors, &format!("{path}.http.paths[{index}]"), one);
        }
    }
    ingress_tls(&mut errors, object);
    if object.has("spec.ingressClassName") {
        errors.follows(
            "spec.ingressClassName",
            object.text("spec.ingressClassName"),
            names::dns_subdomain,
        );
    }
    errors.0
}

/// A new Ingress: the class may be named in two ways, which must agree.
pub(crate) fn new_ingress(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let class = object.at("spec.ingressClassName").as_str();
    let annotation = object.annotation("kubernetes.io/ingress.class");
    if let (Some(class), Some(annotation)) = (class, annotation)
        && class != annotation
    {
        errors.invalid(
            // Without `metadata`, as Kubernetes tells it.
            "annotations.kubernetes.io/ingress.class",
            annotation,
            "must match `ingressClassName` when both are specified",
        );
    }
    errors.0
}

fn ingress_host(errors: &mut Errors, path: &str, host: &str) {
    if host.is_empty() {
        return;
    }
    if host.parse::<IpAddr>().is_ok() {
        errors.invalid(path, host, "must be a DNS name, not an IP address");
    }
    host_name(errors, path, host);
}

fn host_name(errors: &mut Errors, path: &str, host: &str) {
    let rule: names::Rule = if host.contains('*') {
        names::wildcard_subdomain
    } else {
        names::dns_subdomain
    };
    errors.follows(path, host, rule);
}

fn ingress_tls(errors: &mut Errors, object: &Value) {
    for (index, tls) in object.list("spec.tls").iter().enumerate() {
        let path = format!("spec.tls[{index}]");
        for (index, host) in tls.texts("hosts").into_iter().enumerate() {
            host_name(errors, &format!("{path}.hosts[{index}]"), host);
        }
        let secret = tls.text("secretName");
        if !secret.is_empty() {
            errors.follows(&format!("{path}.secretName"), secret, names::dns_subdomain);
        }
    }
}

fn ingress_path(errors: &mut Errors, path: &str, one: &Value) {
    let (field, text) = (format!("{path}.path"), one.text("path"));
    let kind = one.text("pathType");
    let exact = matches!(kind, "Exact" | "Prefix");
    if exact || (kind == "ImplementationSpecific" && !text.is_empty()) {
        if !text.starts_with('/') {
            errors.invalid(field.clone(), text, "must be an absolute path");
        }
    } else if !one.has("pathType") {
        errors.required(format!("{path}.pathType"), "pathType must be specified");
    }
    if exact {
        for sequence in ["//", "/./", "/../", "%2f", "%2F"] {
            if text.contains(sequence) {
                errors.invalid(field.clone(), text, format!("must not contain '{sequence}'"));
            }
        }
        for suffix in ["/..", "/."] {
            if text.ends_with(suffix) {
                errors.invalid(field.clone(), text, format!("cannot end with '{suffix}'"));
            }
        }
    }
    if let Some(kind) = one.at("pathType").as_str()
        && !matches!(kind, "Exact" | "Prefix" | "ImplementationSpecific")
    {
        errors.0.push(FieldError::not_supported(
            format!("{path}.pathType"),
            kind,
            &["Exact", "ImplementationSpecific", "Prefix"],
        ));
    }
    ingress_backend(errors, &format!("{path}.backend"), one.at("backend"));
}

fn ingress_backend(errors: &mut Errors, path: &str, backend: &Value) {
    match (backend.has("resource"), backend.has("service")) {
        (true, true) => errors.invalid(path, "", "cannot set both resource and service backends"),
        (true, false) => object_reference(errors, &format!("{path}.resource"), backend.at("resource")),
        (false, true) => {
            let service = format!("{path}.service");
            errors.required_name(
                &format!("{service}.name"),
                backend.text("service.name"),
                names::dns_label,
            );
            let (name, number) = (
                backend.text("service.port.name"),
                backend.int("service.port.number"),
            );
            match (name, number) {
                ("", 0) => errors.required(path, "port name or number is required"),
                ("", _) => {
                    errors.port_number(
                        &format!("{service}.port.number"),
                        backend.at("service.port.number"),
                    );
                }
                (name, 0) => errors.follows(&format!("{service}.port.name"), name, names::port_name),
                _ => errors.invalid(path, "", "cannot set both port name & port number"),
            }
        }
        (false, false) => errors.invalid(path, "", "resource or service backend is required"),
    }
}

/// A reference to an object of any kind.
fn object_reference(errors: &mut Errors, path: &str, reference: &Value) {
    if reference.has("apiGroup") {
        errors.follows(
            &format!("{path}.apiGroup"),
            reference.text("apiGroup"),
            names::dns_subdomain,
        );
    }
    for field in ["kind", "name"] {
        errors.required_name(
            &format!("{path}.{field}"),
            reference.text(field),
            names::path_segment,
        );
    }
}

/// The status of an Ingress.
pub(crate) fn ingress_status(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for (index, one) in object.list("status.loadBalancer.ingress").iter().enumerate() {
        balancer_ingress(&mut errors, &format!("status.loadBalancer.ingress[{index}]"), one);
    }
    errors.0
}

/// IngressClass.
pub(crate) fn ingress_class(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let (path, controller) = ("spec.controller", object.text("spec.controller"));
    if controller.len() > 250 {
        errors.too_long(path, 250);
    }
    match controller.split_once('/') {
        _ if controller.is_empty() => errors.required(path, ""),
        Some((domain, rest)) if !domain.is_empty() && !rest.is_empty() => {
            errors.follows(path, domain, names::dns_subdomain);
            errors.follows(path, rest, names::http_path);
        }
        _ => errors.invalid(
            path,
            controller,
            "must be a domain-prefixed path (such as \"acme.io/foo\")",
        ),
    }
    let parameters = object.at("spec.parameters");
    if !parameters.is_null() {
        parameters_scope(&mut errors, parameters);
        object_reference(&mut errors, "spec.parameters", parameters);
    }
    errors.0
}

fn parameters_scope(errors: &mut Errors, parameters: &Value) {
    let path = "spec.parameters.namespace";
    match (parameters.text("scope"), parameters.at("namespace").as_str()) {
        ("Namespace", None) => errors.required(path, "`parameters.scope` is set to 'Namespace'"),
        ("Namespace", Some(namespace)) => errors.follows(path, namespace, names::dns_label),
        ("Cluster", Some(_)) => errors.forbidden(path, "`parameters.scope` is set to 'Cluster'"),
        (scope, _) => errors.one_of("spec.parameters.scope", scope, &["Cluster", "Namespace"], true),
    }
}

/// A change of an IngressClass.
pub(crate) fn ingress_class_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.immutable("spec.controller", new, old);
    errors.0
}
