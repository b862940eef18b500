//! Services, endpoints, ingresses and network policies.

use serde_json::Value;

use super::{AGE, NAME, column, field, first_three, labels, or_none, selector, wide};
use crate::Column;
use crate::json::Json;

pub(crate) const SERVICE: &[Column] = &[
    NAME,
    field("Type", "spec.type", |o, _| o.text("spec.type").into()),
    field("Cluster-IP", "spec.clusterIP", |o, _| {
        or_none(o.texts("spec.clusterIPs").first().copied().unwrap_or_default())
    }),
    field("External-IP", "spec.externalIPs", |o, _| external_ip(o).into()),
    field("Port(s)", "spec.ports", |o, _| or_none(&service_ports(o))),
    AGE,
    wide(field("Selector", "spec.selector", |o, _| {
        labels(o, "spec.selector")
    })),
];

fn external_ip(service: &Value) -> String {
    let external = service.texts("spec.externalIPs");
    match service.text("spec.type") {
        "ClusterIP" | "NodePort" if external.is_empty() => "<none>".to_owned(),
        "ClusterIP" | "NodePort" => external.join(","),
        "LoadBalancer" => {
            let mut addresses = balancer_addresses(service);
            addresses.extend(external.into_iter().map(str::to_owned));
            if addresses.is_empty() {
                "<pending>".to_owned()
            } else {
                addresses.join(",")
            }
        }
        "ExternalName" => service.text("spec.externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

/// Addresses or host names of `status.loadBalancer`, sorted and each once.
fn balancer_addresses(object: &Value) -> Vec<String> {
    let mut addresses: Vec<String> = object
        .list("status.loadBalancer.ingress")
        .iter()
        .filter_map(|one| {
            [one.text("ip"), one.text("hostname")]
                .into_iter()
                .find(|text| !text.is_empty())
        })
        .map(str::to_owned)
        .collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

fn service_ports(service: &Value) -> String {
    let ports = service.list("spec.ports").iter().map(|port| {
        let (number, node, protocol) = (port.int("port"), port.int("nodePort"), port.text("protocol"));
        match node {
            0 => format!("{number}/{protocol}"),
            _ => format!("{number}:{node}/{protocol}"),
        }
    });
    ports.collect::<Vec<_>>().join(",")
}

pub(crate) const ENDPOINTS: &[Column] = &[
    NAME,
    field("Endpoints", "subsets", |o, _| {
        if o.list("subsets").is_empty() {
            return "<none>".into();
        }
        let each = o.list("subsets").iter().flat_map(subset_addresses);
        first_three(&each.collect::<Vec<_>>()).into()
    }),
    AGE,
];

fn subset_addresses(subset: &Value) -> Vec<String> {
    let addresses = || subset.list("addresses").iter().map(|one| one.text("ip"));
    if subset.list("ports").is_empty() {
        return addresses().map(str::to_owned).collect();
    }
    let ports = subset.list("ports").iter().map(|port| port.int("port"));
    ports
        .flat_map(|port| addresses().map(move |address| join_host_port(address, port)))
        .collect()
}

fn join_host_port(address: &str, port: i64) -> String {
    if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    }
}

pub(crate) const ENDPOINT_SLICE: &[Column] = &[
    NAME,
    field("AddressType", "addressType", |o, _| o.text("addressType").into()),
    field("Ports", "ports", |o, _| {
        let ports = o.list("ports").iter().map(|port| match port.at("port").as_i64() {
            Some(number) => number.to_string(),
            None if port.has("name") => port.text("name").to_owned(),
            None => "*".to_owned(),
        });
        or_unset(first_three(&ports.collect::<Vec<_>>()))
    }),
    field("Endpoints", "endpoints", |o, _| {
        let each = o.list("endpoints").iter().flat_map(|one| one.texts("addresses"));
        or_unset(first_three(&each.map(str::to_owned).collect::<Vec<_>>()))
    }),
    AGE,
];

fn or_unset(text: String) -> Value {
    if text.is_empty() {
        "<unset>".into()
    } else {
        text.into()
    }
}

pub(crate) const INGRESS: &[Column] = &[
    NAME,
    column(
        "Class",
        "The name of the IngressClass resource that should be used for additional configuration",
        |o, _| or_none(o.text("spec.ingressClassName")),
    ),
    column(
        "Hosts",
        "Hosts that incoming requests are matched against before the ingress rule",
        |o, _| hosts(o).into(),
    ),
    column(
        "Address",
        "Address is a list containing ingress points for the load-balancer",
        |o, _| balancer_addresses(o).join(",").into(),
    ),
    column("Ports", "Ports of TLS configurations that open", |o, _| {
        if o.list("spec.tls").is_empty() {
            "80"
        } else {
            "80, 443"
        }
        .into()
    }),
    AGE,
];

/// The first three hosts. Rules without a host count among those that are not shown.
fn hosts(ingress: &Value) -> String {
    let rules = ingress.list("spec.rules");
    let named = || {
        rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| !rule.text("host").is_empty())
    };
    let shown: Vec<&str> = named().take(3).map(|(_, rule)| rule.text("host")).collect();
    let third = named().nth(2).map(|(index, _)| index);
    match third {
        _ if shown.is_empty() => "*".to_owned(),
        Some(third) if third + 1 < rules.len() => {
            format!("{} + {} more...", shown.join(","), rules.len() - 3)
        }
        _ => shown.join(","),
    }
}

pub(crate) const INGRESS_CLASS: &[Column] = &[
    Column {
        cell: |o, _| {
            let default = o.annotation("ingressclass.kubernetes.io/is-default-class") == Some("true");
            let suffix = if default { " (default)" } else { "" };
            format!("{}{suffix}", o.text("metadata.name")).into()
        },
        ..NAME
    },
    column(
        "Controller",
        "Controller that is responsible for handling this class",
        |o, _| o.text("spec.controller").into(),
    ),
    column(
        "Parameters",
        "A reference to a resource with additional parameters",
        |o, _| {
            let reference = o.at("spec.parameters");
            if reference.is_null() {
                return "<none>".into();
            }
            let (kind, group, name) = (
                reference.text("kind"),
                reference.text("apiGroup"),
                reference.text("name"),
            );
            let dot = if reference.has("apiGroup") { "." } else { "" };
            format!("{kind}{dot}{group}/{name}").into()
        },
    ),
    AGE,
];

pub(crate) const NETWORK_POLICY: &[Column] = &[
    NAME,
    field("Pod-Selector", "spec.podSelector", |o, _| {
        selector(o, "spec.podSelector")
    }),
    AGE,
];
