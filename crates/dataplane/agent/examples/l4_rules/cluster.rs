//! Objects of a cluster, as an API server would send them.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use kinglet_model::{EndpointSlice, Service};
use serde_json::{Error, Value, json};

/// The network of all pods, in the text form of Kubernetes.
pub(crate) const PODS: &str = "10.42.0.0/16";
/// Name of the own Node.
pub(crate) const NODE: &str = "here";
/// The balanced Service's port.
pub(crate) const PORT: u16 = 80;
/// Endpoints of each of the other Services.
const ENDPOINTS: u32 = 3;

/// A Service with its endpoints.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) service: Arc<Service>,
    pub(crate) slice: Arc<EndpointSlice>,
}

/// The balanced Service and as many others as make `count`.
pub(crate) fn objects(count: u32, endpoint: SocketAddrV4) -> Result<Vec<Member>, Error> {
    let others = (1..count).map(|number| other(number, &pods(number, 0, ENDPOINTS)));
    std::iter::once(balanced(endpoint)).chain(others).collect()
}

/// `default/s0`: type `LoadBalancer`, TCP and UDP, one endpoint on the own Node.
pub(crate) fn balanced(endpoint: SocketAddrV4) -> Result<Member, Error> {
    let protocols = [("tcp", "TCP"), ("udp", "UDP")];
    let ports = |number: u16| {
        let ports =
            protocols.map(|(name, protocol)| json!({"name": name, "protocol": protocol, "port": number}));
        json!(ports)
    };
    member(
        0,
        json!({"type": "LoadBalancer", "clusterIP": cluster_ip(0), "ports": ports(PORT)}),
        &[*endpoint.ip()],
        &ports(endpoint.port()),
    )
}

/// Another Service, of type `ClusterIP`, with these endpoints.
pub(crate) fn other(number: u32, endpoints: &[Ipv4Addr]) -> Result<Member, Error> {
    member(
        number,
        json!({"clusterIP": cluster_ip(number), "ports": [{"port": PORT}]}),
        endpoints,
        &json!([{"name": "", "protocol": "TCP", "port": 8080}]),
    )
}

/// Pods that other Services may have as endpoints; another `generation` has others.
pub(crate) fn pods(service: u32, generation: u32, count: u32) -> Vec<Ipv4Addr> {
    let first = u32::from(Ipv4Addr::new(10, 42, 64, 0)) + service * 4;
    let pod = |number| Ipv4Addr::from(first + (number + generation) % 4);
    (0..count).map(pod).collect()
}

fn cluster_ip(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 43, 1, 0)) + number)
}

fn member(number: u32, spec: Value, endpoints: &[Ipv4Addr], ports: &Value) -> Result<Member, Error> {
    let name = format!("s{number}");
    // Only the balanced Service has its endpoint on the own Node.
    let node = if number == 0 { NODE } else { "there" };
    let endpoints = endpoints
        .iter()
        .map(|address| json!({"addresses": [address], "nodeName": node, "conditions": {"ready": true}}));
    let slice = json!({
        "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "endpoints": endpoints.collect::<Vec<_>>(), "ports": ports,
    });
    let service = json!({"metadata": {"name": name, "namespace": "default"}, "spec": spec});
    Ok(Member {
        service: Arc::new(serde_json::from_value(service)?),
        slice: Arc::new(serde_json::from_value(slice)?),
    })
}
