//! Endpoints, EndpointSlices, Ingresses, IngressClasses and NetworkPolicies.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;
use kinglet_api_schema::FieldError;
use serde_json::{Value, json};

use super::Errors;
use super::names;
use super::service::balancer_ingress;
use crate::json::Json;

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const MOST_ENDPOINTS: usize = 1000;
const MOST_ADDRESSES: usize = 100;
const MOST_PORTS: usize = 20_000;
const MOST_HINTS: usize = 8;

/// Endpoints.
pub(crate) fn endpoints(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    for (index, subset) in object.list("subsets").iter().enumerate() {
        let path = format!("subsets[{index}]");
        if subset.list("addresses").is_empty() && subset.list("notReadyAddresses").is_empty() {
            errors.required(path.clone(), "must specify `addresses` or `notReadyAddresses`");
        }
        for field in ["addresses", "notReadyAddresses"] {
            for (index, address) in subset.list(field).iter().enumerate() {
                endpoints_address(&mut errors, &format!("{path}.{field}[{index}]"), address);
            }
        }
        let ports = subset.list("ports");
        for (index, port) in ports.iter().enumerate() {
            let path = format!("{path}.ports[{index}]");
            let name = port.text("name");
            if name.is_empty() && ports.len() > 1 {
                errors.required(format!("{path}.name"), "");
            } else if !name.is_empty() {
                errors.follows(&format!("{path}.name"), name, names::dns_label);
            }
            errors.port_number(&format!("{path}.port"), port.at("port"));
            errors.one_of(
                &format!("{path}.protocol"),
                port.text("protocol"),
                PROTOCOLS,
                true,
            );
        }
    }
    errors.0
}

fn endpoints_address(errors: &mut Errors, path: &str, address: &Value) {
    let ip = address.text("ip");
    errors.follows(&format!("{path}.ip"), ip, names::address);
    if !address.text("hostname").is_empty() {
        errors.follows(
            &format!("{path}.hostname"),
            address.text("hostname"),
            names::dns_label,
        );
    }
    if address.has("nodeName") {
        errors.follows(
            &format!("{path}.nodeName"),
            address.text("nodeName"),
            names::dns_subdomain,
        );
    }
    errors.endpoint_address(&format!("{path}.ip"), ip, false);
}

/// EndpointSlice. Other than a cluster's API server this one takes loopback addresses: there live the processes that stand-alone Services
/// point at.
pub(crate) fn endpoint_slice(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let kind = object.text("addressType");
    errors.one_of("addressType", kind, &["FQDN", "IPv4", "IPv6"], true);
    slice_ports(&mut errors, object.list("ports"));
    let endpoints = object.list("endpoints");
    if errors.too_many("endpoints", endpoints.len(), MOST_ENDPOINTS) {
        return errors.0;
    }
    for (index, endpoint) in endpoints.iter().enumerate() {
        slice_endpoint(&mut errors, &format!("endpoints[{index}]"), endpoint, kind);
    }
    errors.0
}

fn slice_ports(errors: &mut Errors, ports: &[Value]) {
    if errors.too_many("ports", ports.len(), MOST_PORTS) {
        return;
    }
    let mut seen = HashSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = format!("ports[{index}]");
        let name = port.text("name");
        if !name.is_empty() {
            errors.follows(&format!("{path}.name"), name, names::dns_label);
        }
        if !seen.insert(name) {
            errors.duplicate(format!("{path}.name"), name);
        }
        errors.one_of(
            &format!("{path}.protocol"),
            port.text("protocol"),
            PROTOCOLS,
            true,
        );
        if port.has("appProtocol") {
            errors.follows(
                &format!("{path}.appProtocol"),
                port.text("appProtocol"),
                names::qualified_name,
            );
        }
    }
}

fn slice_endpoint(errors: &mut Errors, path: &str, endpoint: &Value, kind: &str) {
    let list = format!("{path}.addresses");
    let addresses = endpoint.texts("addresses");
    if addresses.is_empty() {
        errors.required(list.clone(), "");
    }
    errors.too_many(&list, addresses.len(), MOST_ADDRESSES);
    for (index, address) in addresses.into_iter().enumerate() {
        slice_address(errors, &list, &format!("{list}[{index}]"), address, kind);
    }
    if endpoint.has("nodeName") {
        errors.follows(
            &format!("{path}.nodeName"),
            endpoint.text("nodeName"),
            names::dns_subdomain,
        );
    }
    if endpoint.has("hostname") {
        errors.follows(
            &format!("{path}.hostname"),
            endpoint.text("hostname"),
            names::dns_label,
        );
    }
    for (field, rule) in [
        ("forZones", names::label_value as names::Rule),
        ("forNodes", names::dns_subdomain),
    ] {
        let path = format!("{path}.hints.{field}");
        let hints = endpoint.list(&format!("hints.{field}"));
        if errors.too_many(&path, hints.len(), MOST_HINTS) {
            return;
        }
        let mut seen = HashSet::new();
        for (index, hint) in hints.iter().enumerate() {
            let path = format!("{path}[{index}].name");
            if !seen.insert(hint.text("name")) {
                errors.duplicate(path.clone(), hint.text("name"));
            }
            errors.follows(&path, hint.text("name"), rule);
        }
    }
}

fn slice_address(errors: &mut Errors, list: &str, path: &str, address: &str, kind: &str) {
    match kind {
        "IPv4" | "IPv6" => {}
        "FQDN" => return fully_qualified(errors, path, address),
        _ => return,
    }
    let complaints = names::address(address);
    let Ok(parsed) = address.parse::<IpAddr>() else {
        complaints
            .into_iter()
            .for_each(|one| errors.invalid(path, address, one));
        return;
    };
    let mut complaints = complaints;
    if kind == "IPv6" && complaints.is_empty() && parsed.to_string() != address {
        complaints.push(format!("must be in canonical form (\"{parsed}\")"));
    }
    if complaints.is_empty() {
        match kind {
            "IPv4" if parsed.is_ipv6() => errors.invalid(list, address, "must be an IPv4 address"),
            "IPv6" if parsed.is_ipv4() => errors.invalid(list, address, "must be an IPv6 address"),
            _ => {}
        }
        errors.endpoint_address(path, address, true);
    }
    for complaint in complaints {
        errors.invalid(path, address, complaint);
    }
}

fn fully_qualified(errors: &mut Errors, path: &str, name: &str) {
    let bare = name.strip_suffix('.').unwrap_or(name);
    let complaints = names::dns_subdomain(bare);
    if name.is_empty() {
        errors.required(path, "");
    } else if !complaints.is_empty() {
        errors.invalid(path, bare, complaints.join(","));
    } else if !bare.contains('.') {
        errors.invalid(
            path,
            bare,
            "should be a domain with at least two segments separated by dots",
        );
    } else if let Some(label) = bare.split('.').find(|label| !names::dns_label(label).is_empty()) {
        errors.invalid(path, label, names::dns_label(label).join(","));
    }
}

/// A change of an EndpointSlice.
pub(crate) fn endpoint_slice_update(new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.immutable("addressType", new, old);
    errors.0
}

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

/// NetworkPolicy.
pub(crate) fn network_policy(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.label_selector("spec.podSelector", object.at("spec.podSelector"));
    for (field, peers) in [("ingress", "from"), ("egress", "to")] {
        for (index, rule) in object.list(&format!("spec.{field}")).iter().enumerate() {
            let path = format!("spec.{field}[{index}]");
            for (index, port) in rule.list("ports").iter().enumerate() {
                policy_port(&mut errors, &format!("{path}.ports[{index}]"), port);
            }
            for (index, peer) in rule.list(peers).iter().enumerate() {
                policy_peer(&mut errors, &format!("{path}.{peers}[{index}]"), peer);
            }
        }
    }
    let types = object.texts("spec.policyTypes");
    if types.len() > 2 {
        errors.invalid(
            "spec.policyTypes",
            object.at("spec.policyTypes").clone(),
            "may not specify more than two policyTypes",
        );
        return errors.0;
    }
    for (index, one) in types.into_iter().enumerate() {
        errors.one_of(
            &format!("spec.policyTypes[{index}]"),
            one,
            &["Ingress", "Egress"],
            true,
        );
    }
    errors.0
}

fn policy_port(errors: &mut Errors, path: &str, port: &Value) {
    let end = format!("{path}.endPort");
    let last = port.at("endPort").clone();
    errors.one_of(
        &format!("{path}.protocol"),
        port.text("protocol"),
        &["TCP", "UDP", "SCTP"],
        false,
    );
    match port.at("port") {
        Value::Null if !last.is_null() => {
            errors.invalid(end, last, "may not be specified when `port` is not specified");
        }
        Value::Null => {}
        Value::String(name) => {
            if !last.is_null() {
                errors.invalid(end, last, "may not be specified when `port` is non-numeric");
            }
            errors.follows(&format!("{path}.port"), name, names::port_name);
        }
        number => {
            errors.port_number(&format!("{path}.port"), number);
            if !last.is_null() {
                if last.as_i64() < number.as_i64() {
                    errors.invalid(
                        end.clone(),
                        last.clone(),
                        "must be greater than or equal to `port`",
                    );
                }
                errors.port_number(&end, &last);
            }
        }
    }
}

fn policy_peer(errors: &mut Errors, path: &str, peer: &Value) {
    let mut selectors = 0;
    for field in ["podSelector", "namespaceSelector"] {
        if peer.has(field) {
            selectors += 1;
            errors.label_selector(&format!("{path}.{field}"), peer.at(field));
        }
    }
    let block = peer.at("ipBlock");
    if !block.is_null() {
        ip_block(errors, &format!("{path}.ipBlock"), block);
    }
    match (selectors, block.is_null()) {
        (0, true) => errors.required(path, "must specify a peer"),
        (1.., false) => errors.forbidden(path, "may not specify both ipBlock and another peer"),
        _ => {}
    }
}

fn ip_block(errors: &mut Errors, path: &str, block: &Value) {
    let cidr = block.text("cidr");
    errors.required_name(&format!("{path}.cidr"), cidr, names::network);
    let Ok(cidr) = cidr.parse::<IpNet>() else {
        return;
    };
    for (index, text) in block.texts("except").into_iter().enumerate() {
        let path = format!("{path}.except[{index}]");
        errors.follows(&path, text, names::network);
        let strict = |except: IpNet| cidr.contains(&except) && except.prefix_len() > cidr.prefix_len();
        if text.parse().is_ok_and(|except| !strict(except)) {
            errors.invalid(path, text, "must be a strict subset of `cidr`");
        }
    }
}
