//! The Endpoints object of a Service that selects Pods: the older form of the same facts, in one object and
//! one address family.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::objects::{Address, Endpoints, Family, Map, Pod, Service, Subset, SubsetPort};
use super::pods::{hostname, number, target};
use super::write::{LABEL_HEADLESS, Write, difference};

/// Addresses that an Endpoints object may hold.
const MOST: usize = 1000;
/// Tells that there are more addresses than [`MOST`].
const ANNOTATION_OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// Label of Endpoints: which controller writes them.
const LABEL_MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpoint-controller";

/// Whether the object is written by this controller, and not by hand.
pub(super) fn is_managed(endpoints: &Endpoints) -> bool {
    endpoints.metadata.label(LABEL_MANAGED_BY) == Some(CONTROLLER)
}

/// The write that a Service with a selector needs, given the Pods that it selects and its Endpoints.
pub(super) fn plan(service: &Service, pods: &[Arc<Pod>], existing: Option<&Endpoints>) -> Option<Write> {
    let mut subsets = subsets(service, pods);
    let over = truncate(&mut subsets).then_some("truncated");
    let labels = labels(service);
    match existing {
        None => Some(Write::Create(object(service, &labels, over, &subsets))),
        Some(existing) => change(existing, &labels, over, &subsets),
    }
}

fn labels(service: &Service) -> Map {
    let mut labels = service.metadata.labels.clone();
    // What the Service is decides, not a label of that name on it.
    labels.remove(LABEL_HEADLESS);
    if service.is_headless() {
        labels.insert(LABEL_HEADLESS.into(), "".into());
    }
    labels.insert(LABEL_MANAGED_BY.into(), CONTROLLER.into());
    labels
}

fn object(service: &Service, labels: &Map, over: Option<&str>, subsets: &[Subset]) -> Value {
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": &*service.metadata.name,
            "namespace": &*service.metadata.namespace,
            "labels": labels,
        },
        "subsets": subsets,
    });
    if let Some(over) = over {
        object["metadata"]["annotations"] = json!({ANNOTATION_OVER_CAPACITY: over});
    }
    object
}

fn change(existing: &Endpoints, labels: &Map, over: Option<&str>, subsets: &[Subset]) -> Option<Write> {
    let meta = &existing.metadata;
    let mut metadata = serde_json::Map::new();
    if let Some(labels) = difference(&meta.labels, labels) {
        metadata.insert("labels".into(), labels);
    }
    if meta.annotation(ANNOTATION_OVER_CAPACITY) != over {
        metadata.insert("annotations".into(), json!({ANNOTATION_OVER_CAPACITY: over}));
    }
    let mut patch = json!({});
    if existing.subsets != subsets {
        patch["subsets"] = json!(subsets);
    } else if metadata.is_empty() {
        return None;
    }
    // Refused if somebody changed the object since the plan was made.
    metadata.insert("resourceVersion".into(), json!(&*meta.resource_version));
    patch["metadata"] = metadata.into();
    Some(Write::Merge(meta.name.clone(), patch))
}

/// A Pod's place in the subsets: address, readiness.
type Member = (IpAddr, Address, bool);

/// Addresses that serve the same ports share a subset, in the order of the ports; addresses are in ascending
/// order.
fn subsets(service: &Service, pods: &[Arc<Pod>]) -> Vec<Subset> {
    let family = service.families().first().copied().unwrap_or(Family::V4);
    let terminating_too = service.spec.publish_not_ready_addresses;
    let mut members: BTreeMap<BTreeSet<SubsetPort>, Vec<Member>> = BTreeMap::new();
    // Another Pod may have the address of a finished one.
    for pod in pods.iter().filter(|pod| !pod.finished) {
        let (Some(ip), Some(ports)) = (pod.ip(family), ports(service, pod)) else {
            continue;
        };
        // Endpoints, unlike slices, cannot say that an address is terminating.
        if terminating_too || pod.metadata.deletion_timestamp.is_none() {
            let ready = pod.ready || service.spec.publish_not_ready_addresses;
            members
                .entry(ports)
                .or_default()
                .push((ip, address(service, pod, ip), ready));
        }
    }
    members
        .into_iter()
        .map(|(ports, members)| subset(ports, members))
        .collect()
}

/// The ports that a Pod serves; `None` if the Service has ports, but none that the Pod has.
fn ports(service: &Service, pod: &Pod) -> Option<BTreeSet<SubsetPort>> {
    let ports: BTreeSet<SubsetPort> = service
        .spec
        .ports
        .iter()
        .filter_map(|port| {
            Some(SubsetPort {
                name: port.name.clone(),
                port: number(port, pod)?,
                protocol: port.protocol,
                app_protocol: port.app_protocol.clone(),
            })
        })
        .collect();
    (!ports.is_empty() || service.spec.ports.is_empty()).then_some(ports)
}

fn address(service: &Service, pod: &Pod, ip: IpAddr) -> Address {
    Address {
        ip: ip.to_string().into(),
        hostname: hostname(service, pod),
        node_name: pod.node_name.clone(),
        target_ref: Some(target(pod)),
    }
}

fn subset(ports: BTreeSet<SubsetPort>, mut members: Vec<Member>) -> Subset {
    members.sort();
    let addresses = |wanted: bool| {
        let chosen = members.iter().filter(|(_, _, ready)| *ready == wanted);
        chosen.map(|(_, address, _)| address.clone()).collect()
    };
    Subset {
        addresses: addresses(true),
        not_ready_addresses: addresses(false),
        ports: ports.into_iter().collect(),
    }
}

/// Keeps the first [`MOST`] addresses, ready ones before others, and tells whether there were more.
fn truncate(subsets: &mut Vec<Subset>) -> bool {
    let mut room = MOST;
    let mut over = false;
    let mut cut = |addresses: &mut Vec<Address>| {
        over |= addresses.len() > room;
        addresses.truncate(room);
        room -= addresses.len();
    };
    subsets.iter_mut().for_each(|subset| cut(&mut subset.addresses));
    subsets
        .iter_mut()
        .for_each(|subset| cut(&mut subset.not_ready_addresses));
    subsets.retain(|subset| !subset.addresses.is_empty() || !subset.not_ready_addresses.is_empty());
    over
}
