//! Objects that Kinglet itself brings: the Service of the cluster DNS and the IngressClass.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Value, json};

/// The Service `kube-system/kube-dns` at `address`, and its endpoint: where the DNS server really listens.
pub(crate) fn dns(address: IpAddr, listener: SocketAddr) -> [Value; 2] {
    [dns_service(address, listener.port()), dns_endpoints(listener)]
}

/// Same name, labels and ports as CoreDNS' Service in K3s.
fn dns_service(address: IpAddr, target: u16) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "kube-dns", "namespace": "kube-system",
            "labels": {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "Kinglet"},
        },
        "spec": {
            "clusterIP": address, "clusterIPs": [address],
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": target},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": target},
            ],
        },
    })
}

fn dns_endpoints(listener: SocketAddr) -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns", "namespace": "kube-system",
            "labels": {"kubernetes.io/service-name": "kube-dns"},
        },
        "addressType": if listener.is_ipv4() { "IPv4" } else { "IPv6" },
        "ports": [
            {"name": "dns", "port": listener.port(), "protocol": "UDP"},
            {"name": "dns-tcp", "port": listener.port(), "protocol": "TCP"},
        ],
        "endpoints": [{"addresses": [listener.ip()], "conditions": {"ready": true}}],
    })
}

/// The class that K3s' Traefik has, as default, so that Ingresses written for K3s work unchanged.
pub(crate) fn ingress_class() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {
            "name": "traefik",
            "annotations": {kinglet_model::wellknown::ANNOTATION_IS_DEFAULT_CLASS: "true"},
        },
        "spec": {"controller": kinglet_model::wellknown::INGRESS_CONTROLLER},
    })
}
