//! Services and their endpoints to plans: what becomes of the connections to each port.

mod frontends;
mod service_plan;
mod source_ranges;

use kinglet_model::{EndpointSlice, IpFamily, Object, Service, ServicePort, ServiceType, TrafficPolicy};

use crate::elsewhere::is_left_to_others;
use crate::endpoints::{NodeTopology, Selected, Wanted, candidates, select};
use crate::identity::PortId;
use crate::problem::{Problem, Problems};

use service_plan::families;
pub(crate) use service_plan::{Action, Frontend, Offer, PortPlan, ServicePlan};

/// Plans a Service with its slices. What cannot be served becomes problems.
pub(crate) fn plan(
    service: &Service,
    slices: &[&EndpointSlice],
    topology: &NodeTopology,
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
        // Slices have one family, and so has each connection.
        for family in families(service) {
            let endpoints = endpoints(slices, port, family, topology, problems);
            plan.ports
                .push(port_plan(service, port, family, endpoints, offer));
        }
    }
    frontends::check(service, problems);
    source_ranges::check(service, problems);
    plan
}

/// Whether a proxy has anything to do with the Service: it has addresses, and no other proxy is named.
pub(crate) fn is_proxied(service: &Service) -> bool {
    let alias = service.service_type == ServiceType::ExternalName;
    !(is_left_to_others(&service.metadata) || alias || service.headless || service.cluster_ips.is_empty())
}

fn endpoints(
    slices: &[&EndpointSlice],
    port: &ServicePort,
    family: IpFamily,
    topology: &NodeTopology,
    problems: &mut Vec<Problem>,
) -> Selected {
    let wanted = Wanted {
        port: &port.name,
        protocol: port.protocol,
        family,
    };
    let candidates = candidates(slices.iter().copied(), wanted, problems);
    select(&candidates, topology)
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
        sources: source_ranges::of(service, family),
        frontends: frontends::of(service, port, family, offer),
    }
}

fn internal(policy: TrafficPolicy, endpoints: &Selected) -> Action {
    match policy {
        // Nobody in the whole cluster: clients fail at once, and do not wait.
        _ if endpoints.cluster.is_empty() => Action::Reject,
        TrafficPolicy::Cluster => Action::Cluster,
        // As kube-proxy (KEP-2086): the Service is there, but not from this node.
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
