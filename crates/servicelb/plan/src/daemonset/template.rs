//! The template of the Pods.

use std::collections::BTreeSet;

use ipnet::IpNet;
use kinglet_model::{IpFamily, Object as _, Service, ServicePort, TrafficPolicy};
use serde_json::{Value, json};

use crate::fitness;
use crate::names::{
    ANNOTATION_PRIORITY_CLASS, LABEL_POOL, LABEL_POOL_PREFIX, LABEL_SERVICE_NAME, LABEL_SERVICE_NAMESPACE,
    SERVICE_ACCOUNT,
};
use crate::port::{Port, upper};
use crate::problem::Problem;
use crate::settings::PodSettings;
use crate::{ranges, toleration};

pub(super) fn of(
    service: &Service,
    name: &str,
    pods: &PodSettings,
    node_selector: Value,
) -> Result<Value, Problem> {
    let mut labels = references(service);
    labels["app"] = name.into();
    let mut tolerations = toleration::common();
    tolerations.extend(toleration::annotated(service)?);
    // A range that cannot be read is an error: without it the port would be open to everybody.
    let ranges = source_ranges(service, &ranges::of(service)?);
    let containers = service.ports.iter().enumerate();
    let containers = containers.map(|(index, port)| container(service, index, port, pods, &ranges));
    let mut spec = json!({
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": false,
        "securityContext": {"sysctls": sysctls(service)},
        "containers": containers.collect::<Result<Vec<_>, _>>()?,
        "tolerations": tolerations,
    });
    let class = service.metadata.annotation(ANNOTATION_PRIORITY_CLASS);
    let optional = [
        ("priorityClassName", json!(class.unwrap_or(&pods.priority_class))),
        ("nodeSelector", node_selector),
        (
            "affinity",
            fitness::pool(service).map_or(Value::Null, pool_affinity),
        ),
    ];
    for (field, value) in optional {
        // An empty class asks for none, against the default of the settings.
        if !value.is_null() && value != json!("") {
            spec[field] = value;
        }
    }
    Ok(json!({"metadata": {"labels": labels}, "spec": spec}))
}

/// The labels by which DaemonSets and Pods refer to their Service.
pub(super) fn references(service: &Service) -> Value {
    let name = service.object_name();
    json!({LABEL_SERVICE_NAME: &*name.name, LABEL_SERVICE_NAMESPACE: &*name.namespace})
}

fn sysctls(service: &Service) -> Vec<Value> {
    // A Pod's network namespace starts without forwarding, and containers see /proc/sys read-only.
    let families = service.ip_families.iter();
    let forwarding = families.map(|family| match family {
        IpFamily::V4 => "net.ipv4.ip_forward",
        IpFamily::V6 => "net.ipv6.conf.all.forwarding",
    });
    forwarding
        .map(|name| json!({"name": name, "value": "1"}))
        .collect()
}

/// The node is in the pool by one of two labels.
pub(super) fn pool_affinity(pool: &str) -> Value {
    let term = |key: String, value: &str| json!({"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]});
    let terms = [
        term(LABEL_POOL.to_owned(), pool),
        term(format!("{LABEL_POOL_PREFIX}{pool}"), "true"),
    ];
    let required = json!({"nodeSelectorTerms": terms});
    json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}})
}

fn container(
    service: &Service,
    index: usize,
    port: &ServicePort,
    pods: &PodSettings,
    ranges: &str,
) -> Result<Value, Problem> {
    let name = format!("lb-{}-{}", port.protocol.as_lower(), port.port);
    let protocol = upper(port.protocol);
    let (destination, addresses) = destination(service, index, port)?;
    let variable = |name: &str, value: String| json!({"name": name, "value": value});
    let mut to = json!({"name": "DEST_IPS"});
    to["value"] = addresses.clone();
    // The downward API: all addresses of the node, which a template for all nodes cannot name.
    if addresses.is_null() {
        to = json!({"name": "DEST_IPS", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.hostIPs"}}});
    }
    Ok(json!({
        "name": name,
        "image": pods.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["kinglet", "lb"],
        "ports": [{"name": name, "containerPort": port.port, "hostPort": port.port, "protocol": protocol}],
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
        "env": [
            variable("SRC_PORT", port.port.to_string()),
            variable("SRC_RANGES", ranges.to_owned()),
            variable("DEST_PROTO", protocol.to_owned()),
            variable("DEST_PORT", destination.to_string()),
            to,
        ],
    }))
}

/// Where a port is forwarded to: to the Service's own addresses or, so that only local endpoints are used, to
/// the node port. No address means those of the node.
fn destination(service: &Service, index: usize, port: &ServicePort) -> Result<(u16, Value), Problem> {
    // Cluster addresses balance over all nodes; with Local only node ports stay on the node.
    if service.external_traffic_policy != TrafficPolicy::Local {
        let addresses = service.cluster_ips.iter().map(ToString::to_string);
        let addresses = addresses.collect::<Vec<_>>().join(",");
        return Ok((port.port, addresses.into()));
    }
    if port.node_port == 0 {
        let port = Port::new(port.protocol, port.port);
        let accepted = format!("a node port, which {port} needs with externalTrafficPolicy Local");
        return Err(Problem::new(
            format!("spec.ports[{index}].nodePort"),
            "0",
            accepted,
        ));
    }
    Ok((port.node_port, Value::Null))
}

/// `SRC_RANGES`: everything in the families of the Service, if nothing is restricted.
fn source_ranges(service: &Service, ranges: &BTreeSet<IpNet>) -> String {
    let all_v6 = service.ip_families.contains(&IpFamily::V6).then_some("::/0");
    // Not left empty: the Pod takes a family without ranges for one that nobody may use.
    if ranges.is_empty() {
        return std::iter::once("0.0.0.0/0")
            .chain(all_v6)
            .collect::<Vec<_>>()
            .join(",");
    }
    let ranges = ranges.iter().map(ToString::to_string);
    ranges.collect::<Vec<_>>().join(",")
}
