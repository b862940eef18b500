//! The addresses that an Ingress publishes in `status.loadBalancer.ingress`.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_model::{IngressStatus, LoadBalancerIngress, Node, Service, ServiceType};

/// Where a published Service is reached, by the rules of Traefik's `ingressEndpoint.publishedService`: the
/// status of a LoadBalancer, `externalIPs` of a ClusterIP, the ExternalIPs of all Nodes for a NodePort, and the
/// name of an ExternalName. Empty while there is none yet.
pub fn addresses<'a>(
    service: &Service,
    nodes: impl IntoIterator<Item = &'a Node>,
) -> Vec<LoadBalancerIngress> {
    match service.service_type {
        ServiceType::LoadBalancer => service.load_balancer.clone(),
        ServiceType::NodePort => nodes.into_iter().flat_map(external_ips).map(by_ip).collect(),
        ServiceType::ExternalName => service.external_name.iter().cloned().map(by_name).collect(),
        ServiceType::ClusterIP | ServiceType::Unknown => {
            let addresses = service.external_ips.iter();
            addresses
                .map(|address| by_ip(address.to_string().into()))
                .collect()
        }
    }
}

fn external_ips(node: &Node) -> impl Iterator<Item = Arc<str>> {
    let external = node.addresses.iter().filter(|one| &*one.kind == "ExternalIP");
    external.map(|one| one.address.clone())
}

fn by_ip(ip: Arc<str>) -> LoadBalancerIngress {
    LoadBalancerIngress {
        ip: Some(ip),
        ..LoadBalancerIngress::default()
    }
}

fn by_name(hostname: Arc<str>) -> LoadBalancerIngress {
    LoadBalancerIngress {
        hostname: Some(hostname),
        ..LoadBalancerIngress::default()
    }
}

/// The status to write, or `None` when the current one is right.
///
/// Addresses are compared as a set: the order in which another writer put them is no reason to write. While
/// nothing is published (the load balancer of the proxy has no address yet) the status is left alone.
pub fn desired(published: &[LoadBalancerIngress], current: &IngressStatus) -> Option<IngressStatus> {
    // Each write comes back as a change of the Ingress: writing what is there already would go on for ever.
    if published.is_empty() || set(published) == set(&current.addresses) {
        return None;
    }
    let addresses = set(published)
        .into_iter()
        .map(|(ip, hostname)| LoadBalancerIngress {
            ip: ip.map(Into::into),
            hostname: hostname.map(Into::into),
            ..LoadBalancerIngress::default()
        });
    Some(IngressStatus {
        addresses: addresses.collect(),
    })
}

fn set(addresses: &[LoadBalancerIngress]) -> BTreeSet<(Option<&str>, Option<&str>)> {
    addresses
        .iter()
        .map(|address| (address.ip.as_deref(), address.hostname.as_deref()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ip(ip: &str) -> LoadBalancerIngress {
        by_ip(ip.into())
    }

    fn status(addresses: &[LoadBalancerIngress]) -> IngressStatus {
        IngressStatus {
            addresses: addresses.to_vec(),
        }
    }

    #[test]
    fn written_only_when_the_set_differs() {
        let (a, b) = (ip("192.0.2.1"), ip("192.0.2.2"));
        let both = [a.clone(), b.clone()];
        assert_eq!(desired(&both, &status(&[])), Some(status(&both)));
        assert_eq!(desired(&both, &status(&[b.clone(), a.clone()])), None);
        assert_eq!(
            desired(std::slice::from_ref(&b), &status(&both)),
            Some(status(std::slice::from_ref(&b)))
        );
        assert_eq!(desired(&[], &status(&both)), None);
        assert_eq!(desired(&[b.clone(), a, b], &status(&[])), Some(status(&both)));
    }

    fn published(service: Value, nodes: &[Node]) -> String {
        let service: Service = serde_json::from_value(service).unwrap();
        let texts = addresses(&service, nodes).into_iter();
        let texts = texts.filter_map(|address| address.ip.or(address.hostname));
        texts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_published_service_is_reached_by_its_type() {
        let node = |name: &str, kind: &str, address: &str| -> Node {
            serde_json::from_value(json!({
                "metadata": {"name": name},
                "status": {"addresses": [{"type": kind, "address": address}]},
            }))
            .unwrap()
        };
        let nodes = [
            node("a", "ExternalIP", "192.0.2.1"),
            node("b", "InternalIP", "10.0.0.2"),
            node("c", "ExternalIP", "192.0.2.3"),
        ];
        let status =
            json!({"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}, {"hostname": "lb.example.com"}]}});
        let table = [
            (
                json!({"spec": {"type": "LoadBalancer", "externalIPs": ["203.0.113.1"]}, "status": status}),
                "198.51.100.1 lb.example.com",
            ),
            (json!({"spec": {"type": "LoadBalancer"}}), ""),
            (
                json!({"spec": {"externalIPs": ["203.0.113.1", "203.0.113.2"]}}),
                "203.0.113.1 203.0.113.2",
            ),
            (json!({"spec": {"type": "NodePort"}}), "192.0.2.1 192.0.2.3"),
            (
                json!({"spec": {"type": "ExternalName", "externalName": "example.com"}}),
                "example.com",
            ),
        ];
        for (service, expected) in table {
            assert_eq!(published(service.clone(), &nodes), expected, "{service}");
        }
    }
}
