//! Endpoints and EndpointSlices.

use std::collections::HashSet;
use std::net::IpAddr;

use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::names;
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

/// EndpointSlice. Other than a cluster's API server this one takes loopback addresses: there live the
/// processes that stand-alone Services point at.
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
