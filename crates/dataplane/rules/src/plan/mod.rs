//! What is to become of the connections to each port of a Service, in words of Services, not of rules.

mod frontends;
mod ranges;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use kinglet_model::{
    EndpointSlice, IpFamily, Object, Service, ServicePort, ServiceType, TrafficPolicy, wellknown,
};

use crate::endpoints::{Place, Selected, Wanted, candidates, select};
use crate::identity::PortId;
use crate::problem::{Problem, Problems};
use crate::settings::{Kinds, Share};

/// A Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServicePlan {
    pub(crate) cluster_ips: BTreeSet<IpAddr>,
    pub(crate) ports: Vec<PortPlan>,
}

/// A port of a Service in one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortPlan {
    pub(crate) id: PortId,
    pub(crate) endpoints: Selected,
    /// How long a client keeps its endpoint.
    pub(crate) affinity: Option<Duration>,
    /// What becomes of connections to cluster addresses.
    pub(crate) internal: Action,
    /// What becomes of connections to all other addresses and ports.
    pub(crate) external: Action,
    /// Networks that may use the load balancer's addresses; all if nothing.
    pub(crate) sources: Option<Vec<IpNet>>,
    pub(crate) frontends: BTreeSet<Frontend>,
}

/// Where clients connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Frontend {
    /// A cluster address and port.
    Cluster(IpAddr, u16),
    /// An address from outside the cluster, and a port.
    External(IpAddr, u16),
    /// A load balancer's address and port.
    LoadBalancer(IpAddr, u16),
    /// A port of the node.
    NodePort(u16),
    /// A load balancer's port on the node's own addresses.
    NodeBalancer(u16),
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// It is refused: there is nobody.
    Reject,
    /// It is ignored, so that clients try another node.
    Drop,
    /// It goes to an endpoint of the cluster.
    Cluster,
    /// It goes to an endpoint of this node.
    Local,
    /// From outside as [`Local`](Self::Local), or [`Drop`](Self::Drop) if the node has no endpoint; from
    /// inside as [`Cluster`](Self::Cluster).
    LocalFromOutside,
}

/// What of a Service the node offers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) kinds: Kinds,
    /// The ports that it serves on its own addresses, as its part of the load balancer.
    pub(crate) share: &'a Share,
}

/// Plans a Service with its slices. What cannot be served becomes problems.
pub(crate) fn plan(
    service: &Service,
    slices: &[&EndpointSlice],
    place: &Place,
    offer: Offer<'_>,
    problems: &mut Vec<Problem>,
) -> ServicePlan {
    if !is_proxied(service) {
        return ServicePlan::default();
    }
    let mut plan = ServicePlan::default();
    if offer.kinds.cluster_ips {
        plan.cluster_ips.extend(&service.cluster_ips);
    }
    for (index, port) in service.ports.iter().enumerate() {
        if port.port == 0 {
            let mut problems = Problems::of("Service", service.object_name(), problems);
            problems.add(format!("spec.ports[{index}].port"), "0", "a number of 1 to 65535");
            continue;
        }
        for family in families(service) {
            let endpoints = endpoints(slices, port, family, place, problems);
            plan.ports
                .push(port_plan(service, port, family, endpoints, offer));
        }
    }
    frontends::check(service, problems);
    ranges::check(service, problems);
    plan
}

/// Whether a proxy has anything to do with the Service: it has addresses, and no other proxy is named.
fn is_proxied(service: &Service) -> bool {
    let elsewhere = service
        .metadata
        .label(wellknown::LABEL_SERVICE_PROXY_NAME)
        .is_some();
    let alias = service.service_type == ServiceType::ExternalName;
    !(elsewhere || alias || service.headless || service.cluster_ips.is_empty())
}

fn families(service: &Service) -> BTreeSet<IpFamily> {
    let of_addresses = service.cluster_ips.iter().map(|address| IpFamily::of(*address));
    of_addresses.chain(service.ip_families.iter().copied()).collect()
}

fn endpoints(
    slices: &[&EndpointSlice],
    port: &ServicePort,
    family: IpFamily,
    place: &Place,
    problems: &mut Vec<Problem>,
) -> Selected {
    let wanted = Wanted {
        port: &port.name,
        protocol: port.protocol,
        family,
    };
    let candidates = candidates(slices.iter().copied(), wanted, problems);
    select(&candidates, place)
}

fn port_plan(
    service: &Service,
    port: &ServicePort,
    family: IpFamily,
    endpoints: Selected,
    offer: Offer<'_>,
) -> PortPlan {
    PortPlan {
        id: PortId {
            service: service.object_name(),
            port: port.name.clone(),
            protocol: port.protocol,
            family,
        },
        affinity: service.client_ip_affinity,
        internal: internal(service.internal_traffic_policy, &endpoints),
        external: external(service.external_traffic_policy, &endpoints),
        endpoints,
        sources: ranges::of(service, family),
        frontends: frontends::of(service, port, family, offer),
    }
}

fn internal(policy: TrafficPolicy, endpoints: &Selected) -> Action {
    match policy {
        _ if endpoints.cluster.is_empty() => Action::Reject,
        TrafficPolicy::Cluster => Action::Cluster,
        TrafficPolicy::Local if endpoints.local.is_empty() => Action::Drop,
        TrafficPolicy::Local => Action::Local,
    }
}

fn external(policy: TrafficPolicy, endpoints: &Selected) -> Action {
    match policy {
        _ if endpoints.cluster.is_empty() => Action::Reject,
        TrafficPolicy::Cluster => Action::Cluster,
        TrafficPolicy::Local => Action::LocalFromOutside,
    }
}

#[cfg(test)]
mod tests;
