//! From a Service and its Pods to the endpoints that its slices should have.

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_model::{NamedOrNumber, ServicePort};

use super::objects::{Conditions, Endpoint, Family, Hints, Named, Pod, Service, SlicePort, Target};

/// Endpoints that serve the same ports.
pub(crate) type Groups = BTreeMap<Vec<SlicePort>, Vec<Endpoint>>;

/// Finds the zone (`topology.kubernetes.io/zone`) of a node.
pub(crate) type Zones<'a> = &'a dyn Fn(&str) -> Option<Arc<str>>;

/// The endpoints of a Service by family and ports. Every family of the Service is there, be it without
/// endpoints.
pub(crate) fn groups(service: &Service, pods: &[Arc<Pod>], zones: Zones<'_>) -> BTreeMap<Family, Groups> {
    let mut families: BTreeMap<Family, Groups> = service
        .families()
        .into_iter()
        .map(|family| (family, Groups::new()))
        .collect();
    for (family, groups) in &mut families {
        for pod in pods.iter().filter(|pod| !pod.finished) {
            if let Some(ip) = pod.ip(*family) {
                let endpoint = endpoint(service, pod, ip.to_string(), zones);
                groups
                    .entry(slice_ports(service, pod))
                    .or_default()
                    .push(endpoint);
            }
        }
    }
    families
}

fn endpoint(service: &Service, pod: &Pod, ip: String, zones: Zones<'_>) -> Endpoint {
    let terminating = pod.metadata.deletion_timestamp.is_some();
    let ready = service.spec.publish_not_ready_addresses || (pod.ready && !terminating);
    let zone = pod.node_name.as_deref().and_then(zones);
    Endpoint {
        addresses: vec![ip.into()],
        conditions: Conditions {
            ready: Some(ready),
            serving: Some(pod.ready),
            terminating: Some(terminating),
        },
        hostname: hostname(service, pod),
        hints: if ready {
            hints(service, pod, zone.as_ref())
        } else {
            None
        },
        node_name: pod.node_name.clone(),
        target_ref: Some(target(pod)),
        zone,
    }
}

/// A Pod's own name within the Service: only if its `subdomain` names the Service.
pub(super) fn hostname(service: &Service, pod: &Pod) -> Option<Arc<str>> {
    let named = !pod.hostname.is_empty() && *pod.subdomain == *service.metadata.name;
    named.then(|| (&*pod.hostname).into())
}

pub(super) fn target(pod: &Pod) -> Target {
    Target {
        kind: "Pod".into(),
        namespace: pod.metadata.namespace.clone(),
        name: pod.metadata.name.clone(),
        uid: pod.metadata.uid.clone(),
    }
}

/// `spec.trafficDistribution`: clients near a ready endpoint should use it.
fn hints(service: &Service, pod: &Pod, zone: Option<&Arc<str>>) -> Option<Hints> {
    let list = |name: Option<&Arc<str>>| {
        name.map(|name| Named { name: name.clone() })
            .into_iter()
            .collect()
    };
    let for_nodes = match service.spec.traffic_distribution.as_deref()? {
        "PreferClose" | "PreferSameZone" => Vec::new(),
        "PreferSameNode" => list(pod.node_name.as_ref()),
        _ => return None,
    };
    let hints = Hints {
        for_zones: list(zone),
        for_nodes,
    };
    (hints != Hints::default()).then_some(hints)
}

/// The ports of a Service as a Pod serves them, in ascending order. A named port that no container has is
/// left out.
fn slice_ports(service: &Service, pod: &Pod) -> Vec<SlicePort> {
    let mut ports: Vec<SlicePort> = service
        .spec
        .ports
        .iter()
        .filter_map(|port| {
            Some(SlicePort {
                name: port.name.clone(),
                protocol: port.protocol,
                port: Some(number(port, pod)?),
                app_protocol: port.app_protocol.clone(),
            })
        })
        .collect();
    ports.sort();
    ports
}

/// The number of a Service's port in a Pod.
pub(super) fn number(port: &ServicePort, pod: &Pod) -> Option<u16> {
    match &port.target_port {
        // Go has 0 for a `targetPort` that is not set.
        None | Some(NamedOrNumber::Number(0)) => Some(port.port),
        Some(NamedOrNumber::Number(number)) => Some(*number),
        Some(NamedOrNumber::Name(name)) => {
            let named =
                // By protocol, too (`podutil.FindPort`): one name may stand for a TCP and a UDP port.
                |one: &&super::objects::NamedPort| *one.name == **name && one.protocol == port.protocol;
            pod.ports.iter().find(named).map(|one| one.container_port)
        }
    }
}
