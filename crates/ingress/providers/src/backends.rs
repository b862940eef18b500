//! A Service port to the servers behind it.

use std::collections::HashSet;

use kinglet_ingress_routes::{Scheme, Server, ServerHost};
use kinglet_model::{
    AddressType, Endpoint, EndpointSlice, Protocol, Service, ServiceBackendPort, ServicePort, ServiceType,
};

/// The port of a Service that a backend names, by number or by name.
pub(crate) fn port<'a>(service: &'a Service, wanted: &ServiceBackendPort) -> Option<&'a ServicePort> {
    service
        .ports
        .iter()
        // HTTP over UDP is not served, and names of ports are unique whatever their protocol.
        .filter(|port| port.protocol == Protocol::Tcp)
        .find(|port| match (&wanted.name, wanted.number) {
            (Some(name), _) if !name.is_empty() => port.name == *name,
            (_, Some(number)) => port.port == number,
            _ => false,
        })
}

/// How a port is written in names and messages: its name, or its number.
pub(crate) fn port_text(port: &ServiceBackendPort) -> String {
    match (&port.name, port.number) {
        (Some(name), _) if !name.is_empty() => name.to_string(),
        (_, Some(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Protocol towards the servers of a port: `appProtocol` (KEP-3726), else HTTPS for port 443 and for names
/// that start with `https`.
pub(crate) fn scheme(port: &ServicePort) -> Scheme {
    match port.app_protocol.as_deref() {
        Some("kubernetes.io/h2c") => Scheme::H2c,
        Some("https") => Scheme::Https,
        Some("http" | "kubernetes.io/ws") => Scheme::Http,
        _ if port.port == 443 || port.name.starts_with("https") => Scheme::Https,
        _ => Scheme::Http,
    }
}

/// The servers of a Service port: an ExternalName's host, or the endpoints of its slices.
///
/// Endpoints that serve and are not terminating; while there are none, those that still serve although they
/// are terminating, so that the last Pod of a roll-out goes on answering. An address counts once, in whatever
/// number of slices it is.
pub(crate) fn servers(service: &Service, port: &ServicePort, slices: &[&EndpointSlice]) -> Vec<Server> {
    if let (ServiceType::ExternalName, Some(name)) = (service.service_type, &service.external_name) {
        let host = ServerHost::Name(name.clone());
        return vec![Server {
            host,
            port: port.port,
        }];
    }
    let staying = endpoints(slices, port, |endpoint| !endpoint.conditions.terminating());
    // Kubernetes' `ProxyTerminatingEndpoints` (KEP-1669) does the same for Services.
    if staying.is_empty() {
        endpoints(slices, port, |endpoint| endpoint.conditions.terminating())
    } else {
        staying
    }
}

fn endpoints(slices: &[&EndpointSlice], port: &ServicePort, wanted: fn(&Endpoint) -> bool) -> Vec<Server> {
    let mut seen = HashSet::new();
    let mut servers = Vec::new();
    for slice in slices {
        // By name: the slice has the target port, which may differ from Pod to Pod, in one slice for each.
        let Some(number) = slice_port(slice, port) else {
            continue;
        };
        let usable = slice
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.conditions.serving() && wanted(endpoint));
        for address in usable.flat_map(|endpoint| &endpoint.addresses) {
            let server = host(slice.address_type, address).map(|host| Server { host, port: number });
            servers.extend(server.filter(|server| seen.insert(server.clone())));
        }
    }
    servers
}

/// The number of the slice's port with the Service port's name.
fn slice_port(slice: &EndpointSlice, port: &ServicePort) -> Option<u16> {
    slice
        .ports
        .iter()
        .find(|candidate| candidate.name == port.name && candidate.protocol == port.protocol)
        .and_then(|candidate| candidate.port)
}

fn host(address_type: AddressType, address: &std::sync::Arc<str>) -> Option<ServerHost> {
    match address_type {
        AddressType::IPv4 | AddressType::IPv6 => address.parse().ok().map(ServerHost::Ip),
        AddressType::Fqdn => Some(ServerHost::Name(address.clone())),
        AddressType::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes() {
        for (name, number, app_protocol, expected) in [
            ("http", 80, None, Scheme::Http),
            ("", 443, None, Scheme::Https),
            ("https-admin", 8443, None, Scheme::Https),
            ("grpc", 50051, Some("kubernetes.io/h2c"), Scheme::H2c),
            ("web", 443, Some("http"), Scheme::Http),
            ("web", 80, Some("https"), Scheme::Https),
        ] {
            let port = ServicePort {
                name: name.into(),
                port: number,
                app_protocol: app_protocol.map(Into::into),
                ..ServicePort::default()
            };
            assert_eq!(scheme(&port), expected, "{name} {number} {app_protocol:?}");
        }
    }
}
