//! The endpoints of slices, one port at a time.

use std::net::IpAddr;

use kinglet_model::{AddressType, Endpoint, EndpointSlice, IpFamily, Object, Protocol};

use crate::backend::Backend;
use crate::problem::{Problem, Problems};

/// Which endpoints are wanted: those of a Service's port in one family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Name of the port, which the slice's port has too.
    pub(crate) port: &'a str,
    pub(crate) protocol: Protocol,
    pub(crate) family: IpFamily,
}

/// An endpoint with the port that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) backend: Backend,
    pub(crate) endpoint: &'a Endpoint,
}

/// The endpoints of the slices that have the port. Those that cannot be served become problems.
pub(crate) fn candidates<'a>(
    slices: impl IntoIterator<Item = &'a EndpointSlice>,
    wanted: Wanted<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Candidate<'a>> {
    let mut found = Vec::new();
    for slice in slices
        .into_iter()
        .filter(|slice| family(slice) == Some(wanted.family))
    {
        let mut problems = Problems::of("EndpointSlice", slice.object_name(), problems);
        let Some(port) = port(slice, wanted, &mut problems) else {
            continue;
        };
        for (index, endpoint) in slice.endpoints.iter().enumerate() {
            if let Some(address) = address(endpoint, index, wanted.family, &mut problems) {
                let backend = Backend { address, port };
                found.push(Candidate { backend, endpoint });
            }
        }
    }
    found
}

fn family(slice: &EndpointSlice) -> Option<IpFamily> {
    match slice.address_type {
        AddressType::IPv4 => Some(IpFamily::V4),
        AddressType::IPv6 => Some(IpFamily::V6),
        AddressType::Fqdn | AddressType::Unknown => None,
    }
}

/// The number of the port of that name. A port without a number means all ports, which only programs that
/// know more can use.
fn port(slice: &EndpointSlice, wanted: Wanted<'_>, problems: &mut Problems<'_>) -> Option<u16> {
    // By name, not by number: the Service's `targetPort` is resolved for each pod, and slices of one Service
    // may have different numbers.
    let mut ports = slice.ports.iter().enumerate();
    let named = ports.find(|(_, port)| *port.name == *wanted.port && port.protocol == wanted.protocol);
    let (index, port) = named?;
    if port.port == Some(0) {
        problems.add(format!("ports[{index}].port"), "0", "a number of 1 to 65535");
    }
    port.port.filter(|number| *number != 0)
}

/// The endpoint's first address. Consumers of the API ignore others.
fn address(
    endpoint: &Endpoint,
    index: usize,
    family: IpFamily,
    problems: &mut Problems<'_>,
) -> Option<IpAddr> {
    let text = endpoint.addresses.first()?;
    let parsed = text.parse::<IpAddr>().ok();
    let usable = parsed.filter(|address| IpFamily::of(*address) == family && reachable(*address));
    if usable.is_none() {
        let accepted = match family {
            IpFamily::V4 => "an IPv4 address of one machine, not of the loopback network",
            IpFamily::V6 => "an IPv6 address of one machine, not of the loopback network",
        };
        problems.add(format!("endpoints[{index}].addresses[0]"), &**text, accepted);
    }
    usable
}

/// Whether the kernel would send packets of others there.
fn reachable(address: IpAddr) -> bool {
    !(address.is_unspecified() || address.is_loopback() || address.is_multicast())
}
