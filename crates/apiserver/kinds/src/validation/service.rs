//! Services.

mod addresses;
mod change;

use std::collections::HashSet;
use std::net::IpAddr;

use kinglet_api_schema::FieldError;
use serde_json::{Value, json};

pub(crate) use addresses::cluster_ips;
pub(crate) use change::validate_update;

use super::Errors;
use super::names;
use crate::defaults::network::externally_accessible;
use crate::json::Json;

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
/// A day in seconds: the longest affinity.
const LONGEST_AFFINITY: i64 = 86_400;

/// Whether a Service has no address of its own on purpose.
pub(crate) fn is_headless(service: &Value) -> bool {
    matches!(service.texts("spec.clusterIPs").as_slice(), ["None"])
}

/// Whether a Service is health-checked on a port of its own.
pub(crate) fn needs_health_check(service: &Value) -> bool {
    service.text("spec.type") == "LoadBalancer" && service.text("spec.externalTrafficPolicy") == "Local"
}

/// Rules for a Service on its own; its addresses and ports are allocated.
pub(crate) fn validate(service: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let kind = service.text("spec.type");
    if service.list("spec.ports").is_empty() && !is_headless(service) && kind != "ExternalName" {
        errors.required("spec.ports", "");
    }
    of_type(&mut errors, service, kind);
    ports(&mut errors, service);
    errors.labels("spec.selector", service.at("spec.selector"));
    affinity(&mut errors, service);
    errors.0.extend(cluster_ips(service));
    for (index, address) in service.texts("spec.externalIPs").into_iter().enumerate() {
        let path = format!("spec.externalIPs[{index}]");
        let before = errors.0.len();
        errors.follows(&path, address, names::address);
        if errors.0.len() == before {
            errors.endpoint_address(&path, address, false);
        }
    }
    errors.one_of(
        "spec.type",
        kind,
        &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
        true,
    );
    duplicate_ports(&mut errors, service, kind);
    balancer(&mut errors, service, kind);
    traffic(&mut errors, service, kind);
    errors.0
}

fn of_type(errors: &mut Errors, service: &Value, kind: &str) {
    match kind {
        "LoadBalancer" | "NodePort" if is_headless(service) => errors.invalid(
            "spec.clusterIPs[0]",
            "None",
            format!("may not be set to 'None' for {kind} services"),
        ),
        "ExternalName" => {
            for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                let path = format!("spec.{field}");
                if !super::common::is_empty(service.at(&path)) {
                    errors.forbidden(path, "may not be set for ExternalName services");
                }
            }
            let name = service.text("spec.externalName");
            // An absolute name, with the dot of the root, is a name too.
            let name = name.strip_suffix('.').unwrap_or(name);
            errors.required_name("spec.externalName", name, names::dns_subdomain);
        }
        _ => {}
    }
}

fn ports(errors: &mut Errors, service: &Value) {
    let ports = service.list("spec.ports");
    let mut seen = HashSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        let name = port.text("name");
        if name.is_empty() && ports.len() > 1 {
            errors.required(format!("{path}.name"), "");
        } else if !name.is_empty() {
            errors.follows(&format!("{path}.name"), name, names::dns_label);
            if !seen.insert(name) {
                errors.duplicate(format!("{path}.name"), name);
            }
        }
        errors.port_number(&format!("{path}.port"), port.at("port"));
        errors.one_of(
            &format!("{path}.protocol"),
            port.text("protocol"),
            PROTOCOLS,
            true,
        );
        errors.port(&format!("{path}.targetPort"), port.at("targetPort"));
        if port.has("appProtocol") {
            let protocol = port.text("appProtocol");
            errors.follows(&format!("{path}.appProtocol"), protocol, names::qualified_name);
        }
    }
}

fn affinity(errors: &mut Errors, service: &Value) {
    let affinity = service.text("spec.sessionAffinity");
    errors.one_of("spec.sessionAffinity", affinity, &["ClientIP", "None"], true);
    let config = "spec.sessionAffinityConfig";
    match affinity {
        "ClientIP" => {
            let path = format!("{config}.clientIP.timeoutSeconds");
            let missing = [config, &format!("{config}.clientIP"), &path]
                .into_iter()
                .find(|path| !service.has(path))
                .map(str::to_owned);
            if let Some(missing) = missing {
                errors.required(missing, "when session affinity type is ClientIP");
            } else if !(1..=LONGEST_AFFINITY).contains(&service.int(&path)) {
                let why = format!("must be greater than 0 and less than {LONGEST_AFFINITY}");
                errors.invalid(path.clone(), service.int(&path), why);
            }
        }
        "None" if service.has(config) => {
            errors.forbidden(config, "must not be set when session affinity is None");
        }
        _ => {}
    }
}

fn duplicate_ports(errors: &mut Errors, service: &Value, kind: &str) {
    let ports = service.list("spec.ports");
    let (mut node_ports, mut numbers) = (HashSet::new(), HashSet::new());
    let numbered = || {
        ports
            .iter()
            .enumerate()
            .filter(|(_, port)| port.int("nodePort") != 0)
    };
    for (index, _) in numbered().filter(|_| kind == "ClusterIP") {
        errors.forbidden(
            format!("spec.ports[{index}].nodePort"),
            "may not be used when `type` is 'ClusterIP'",
        );
    }
    for (index, port) in numbered() {
        if !node_ports.insert((port.text("protocol"), port.int("nodePort"))) {
            errors.duplicate(format!("spec.ports[{index}].nodePort"), port.int("nodePort"));
        }
    }
    for (index, port) in ports.iter().enumerate() {
        let (protocol, number) = (port.text("protocol"), port.int("port"));
        if !numbers.insert((protocol, number)) {
            errors.duplicate(
                format!("spec.ports[{index}]"),
                // Kubernetes shows the key of its comparison: a port of which nothing else is set.
                json!({"protocol": protocol, "port": number, "targetPort": 0}),
            );
        }
    }
}

fn balancer(errors: &mut Errors, service: &Value, kind: &str) {
    const ONLY: &str = "may only be used when `type` is 'LoadBalancer'";
    let balanced = kind == "LoadBalancer";
    let ranges = service.texts("spec.loadBalancerSourceRanges");
    if !ranges.is_empty() {
        // With a capital, as Kubernetes tells it.
        let path = "spec.LoadBalancerSourceRanges";
        if !balanced {
            errors.forbidden(path, ONLY);
        }
        for (index, range) in ranges.into_iter().enumerate() {
            // Kubernetes lets them be padded, as they could be in the annotation from which they come.
            errors.follows(&format!("{path}[{index}]"), range.trim(), names::network);
        }
    } else if let Some(ranges) = service.annotation("service.beta.kubernetes.io/load-balancer-source-ranges")
    {
        let path = "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]";
        if !balanced {
            errors.forbidden(path, ONLY);
        }
        for range in ranges.trim().split(',').filter(|_| !ranges.trim().is_empty()) {
            errors.follows(path, range.trim(), names::network);
        }
    }
    let class = service.at("spec.loadBalancerClass");
    if !balanced {
        for (field, value) in [
            (
                "spec.allocateLoadBalancerNodePorts",
                service.at("spec.allocateLoadBalancerNodePorts"),
            ),
            ("spec.loadBalancerClass", class),
        ] {
            if !value.is_null() {
                errors.forbidden(field, ONLY);
            }
        }
    } else if let Some(class) = class.as_str() {
        errors.follows("spec.loadBalancerClass", class, names::qualified_name);
    }
}

fn traffic(errors: &mut Errors, service: &Value, kind: &str) {
    let policies = &["Cluster", "Local"];
    let external = service.text("spec.externalTrafficPolicy");
    if externally_accessible(service.at("spec")) {
        errors.one_of("spec.externalTrafficPolicy", external, policies, true);
    } else if !external.is_empty() {
        errors.invalid(
            "spec.externalTrafficPolicy",
            external,
            "may only be set for externally-accessible services",
        );
    }
    let check = service.at("spec.healthCheckNodePort");
    if !needs_health_check(service) {
        if service.int("spec.healthCheckNodePort") != 0 {
            errors.invalid(
                "spec.healthCheckNodePort",
                check.clone(),
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
            );
        }
    } else if service.int("spec.healthCheckNodePort") == 0 {
        errors.required("spec.healthCheckNodePort", "");
    } else {
        errors.port_number("spec.healthCheckNodePort", check);
    }
    let required = matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer");
    let internal = service.text("spec.internalTrafficPolicy");
    errors.one_of("spec.internalTrafficPolicy", internal, policies, required);
    errors.one_of(
        "spec.trafficDistribution",
        service.text("spec.trafficDistribution"),
        &["PreferClose", "PreferSameZone", "PreferSameNode"],
        false,
    );
}

/// Rules for the status.
pub(crate) fn validate_status(service: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let ingress = service.list("status.loadBalancer.ingress");
    let path = "status.loadBalancer.ingress";
    if service.text("spec.type") != "LoadBalancer" && !ingress.is_empty() {
        errors.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
        return errors.0;
    }
    for (index, one) in ingress.iter().enumerate() {
        let path = format!("{path}[{index}]");
        balancer_ingress(&mut errors, &path, one);
        let (ip, mode) = (one.text("ip"), one.text("ipMode"));
        match (ip.is_empty(), mode.is_empty()) {
            (false, true) => errors.required(format!("{path}.ipMode"), "must be specified when `ip` is set"),
            (true, false) => errors.forbidden(
                format!("{path}.ipMode"),
                "may not be specified when `ip` is not set",
            ),
            _ => errors.one_of(&format!("{path}.ipMode"), mode, &["Proxy", "VIP"], false),
        }
    }
    errors.0
}

/// Address and host name of a load balancer.
pub(crate) fn balancer_ingress(errors: &mut Errors, path: &str, one: &Value) {
    let (ip, hostname) = (one.text("ip"), one.text("hostname"));
    if !ip.is_empty() {
        errors.follows(&format!("{path}.ip"), ip, names::address);
    }
    if !hostname.is_empty() {
        let path = format!("{path}.hostname");
        errors.follows(&path, hostname, names::dns_subdomain);
        if hostname.parse::<IpAddr>().is_ok() {
            errors.invalid(path, hostname, "must be a DNS name, not an IP address");
        }
    }
}
