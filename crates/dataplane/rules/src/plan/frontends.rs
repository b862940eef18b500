//! Where clients connect to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use kinglet_model::{IpFamily, Object, Service, ServicePort, ServiceType};

use super::service_plan::{Frontend, Offer, families};
use crate::problem::{Problem, Problems};

/// Addresses and ports of a Service's port in one family.
pub(super) fn of(
    service: &Service,
    port: &ServicePort,
    family: IpFamily,
    Offer { kinds, share }: Offer<'_>,
) -> BTreeSet<Frontend> {
    let number = port.port;
    let fits = |address: &IpAddr| IpFamily::of(*address) == family;
    let mut all = BTreeSet::new();
    if kinds.cluster_ips {
        let addresses = service.cluster_ips.iter().copied().filter(fits);
        all.extend(addresses.map(|address| Frontend::Cluster(address, number)));
    }
    if kinds.external_ips {
        let addresses = service.external_ips.iter().copied().filter(fits);
        all.extend(addresses.map(|address| Frontend::External(address, number)));
    }
    if kinds.load_balancers {
        let addresses = load_balancer(service).filter_map(|(_, address)| address.ok());
        all.extend(
            addresses
                .filter(fits)
                .map(|address| Frontend::LoadBalancer(address, number)),
        );
    }
    if kinds.node_ports && has_node_ports(service) && port.node_port != 0 {
        all.insert(Frontend::NodePort(port.node_port));
    }
    // ServiceLB: the node's own addresses are the load balancer's.
    if service.service_type == ServiceType::LoadBalancer && share.contains(&(port.protocol, number)) {
        all.insert(Frontend::NodeBalancer(number));
    }
    all
}

fn has_node_ports(service: &Service) -> bool {
    matches!(
        service.service_type,
        ServiceType::NodePort | ServiceType::LoadBalancer
    )
}

/// The addresses for which nodes get packets, or what else is written in their place.
fn load_balancer(service: &Service) -> impl Iterator<Item = (usize, Result<IpAddr, &str>)> {
    let balanced = service.service_type == ServiceType::LoadBalancer;
    let all = service.load_balancer.iter().enumerate().filter(move |_| balanced);
    // `Proxy` (KEP-1860): the load balancer changes connections, with TLS for instance; those from inside
    // must go through it, too.
    let nodes_get = all.filter(|(_, ingress)| ingress.ip_mode.as_deref() != Some("Proxy"));
    nodes_get.filter_map(|(index, ingress)| {
        let text = ingress.ip.as_deref()?;
        Some((index, text.parse().map_err(|_| text)))
    })
}

/// Reports addresses that cannot be served.
pub(super) fn check(service: &Service, problems: &mut Vec<Problem>) {
    let mut problems = Problems::of("Service", service.object_name(), problems);
    let families = families(service);
    let accepted = "an address of a family in spec.ipFamilies";
    for (index, address) in service.external_ips.iter().enumerate() {
        if !families.contains(&IpFamily::of(*address)) {
            problems.add(
                format!("spec.externalIPs[{index}]"),
                address.to_string(),
                accepted,
            );
        }
    }
    for (index, address) in load_balancer(service) {
        let field = format!("status.loadBalancer.ingress[{index}].ip");
        match address {
            Ok(address) if families.contains(&IpFamily::of(address)) => {}
            Ok(address) => problems.add(field, address.to_string(), accepted),
            Err(text) => problems.add(field, text, accepted),
        }
    }
}
