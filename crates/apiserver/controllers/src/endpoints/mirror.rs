//! EndpointSlices that mirror hand-written Endpoints of Services without a selector.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::objects::{Address, Conditions, Endpoint, Endpoints, Family, Service, Slice, SlicePort, Subset};
use super::pods::Groups;
use super::write::{Template, Write, delete, labels};

/// `endpointslice.kubernetes.io/managed-by` of these slices.
const CONTROLLER: &str = "endpointslicemirroring-controller.k8s.io";
/// Addresses of a subset that are mirrored (default of `--mirroring-max-endpoints-per-subset`).
const MOST: usize = 1000;
/// Label of Endpoints that are not to be mirrored.
const LABEL_SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
/// Annotation of Endpoints that only serve to elect a leader.
pub(super) const ANNOTATION_LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// Annotation of Endpoints that the control plane writes for itself.
const ANNOTATION_TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The writes that bring the mirror slices of a Service in line with its Endpoints, or remove them.
pub(super) fn plan(
    service: Option<&Service>,
    endpoints: Option<&Endpoints>,
    slices: &[Arc<Slice>],
) -> Vec<Write> {
    let mirrored = service.filter(|service| service.selector().is_none());
    match mirrored.and(endpoints).filter(|endpoints| !is_skipped(endpoints)) {
        Some(endpoints) => template(endpoints).reconcile(groups(endpoints), slices),
        None => {
            let all = slices.iter().filter(|slice| slice.is_managed_by(CONTROLLER));
            all.map(|slice| delete(slice)).collect()
        }
    }
}

fn is_skipped(endpoints: &Endpoints) -> bool {
    let meta = &endpoints.metadata;
    meta.label(LABEL_SKIP) == Some("true") || meta.annotation(ANNOTATION_LEADER).is_some()
}

fn template(endpoints: &Endpoints) -> Template {
    let meta = &endpoints.metadata;
    let mut annotations = meta.annotations.clone();
    // As in Kubernetes: it is the time of the Endpoints' change, and kube-proxy measures its latency by it.
    annotations.remove(ANNOTATION_TRIGGER_TIME);
    Template {
        namespace: meta.namespace.clone(),
        prefix: format!("{}-", meta.name).into(),
        controller: CONTROLLER,
        labels: labels(&meta.labels, &meta.name, CONTROLLER, false),
        annotations: Some(annotations),
        owner_kind: "Endpoints",
        owner_name: meta.name.clone(),
        owner_uid: meta.uid.clone(),
        most: MOST,
        placeholder: false,
    }
}

fn groups(endpoints: &Endpoints) -> BTreeMap<Family, Groups> {
    let mut families: BTreeMap<Family, Groups> = BTreeMap::new();
    for subset in &endpoints.subsets {
        let ready = subset.addresses.iter().map(|address| (address, true));
        let unready = subset.not_ready_addresses.iter().map(|address| (address, false));
        for (address, ready) in ready.chain(unready).take(MOST) {
            let Ok(ip) = address.ip.parse::<IpAddr>() else {
                continue;
            };
            let groups = families.entry(Family::of(ip)).or_default();
            groups
                .entry(ports(subset))
                .or_default()
                .push(endpoint(address, ready));
        }
    }
    families
}

fn ports(subset: &Subset) -> Vec<SlicePort> {
    let mut ports: Vec<SlicePort> = subset
        .ports
        .iter()
        .map(|port| SlicePort {
            name: port.name.clone(),
            protocol: port.protocol,
            port: Some(port.port),
            app_protocol: port.app_protocol.clone(),
        })
        .collect();
    // Slices are told apart by their ports, whose order means nothing.
    ports.sort();
    ports
}

fn endpoint(address: &Address, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Conditions {
            ready: Some(ready),
            ..Conditions::default()
        },
        hostname: address.hostname.clone(),
        node_name: address.node_name.clone(),
        target_ref: address.target_ref.clone(),
        ..Endpoint::default()
    }
}
