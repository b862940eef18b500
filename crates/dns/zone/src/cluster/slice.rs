//! EndpointSlices: ready addresses and ports of a Service.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_dns_wire::push_label;
use kinglet_model::{AddressType, EndpointSlice};

use super::key::{ServiceKey, service_key};
use super::port::{Port, ports};

/// The used part of an EndpointSlice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The Service that it belongs to.
    pub(crate) owner: ServiceKey,
    /// Ready endpoints, one per address.
    pub(crate) endpoints: Box<[Endpoint]>,
    /// Never empty.
    pub(crate) ports: Box<[Port]>,
}

/// A ready address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: IpAddr,
    /// `hostname` in lower case, if set.
    pub(crate) hostname: Option<Arc<[u8]>>,
}

impl Slice {
    /// Reduces a slice; nothing if it belongs to no Service or holds no addresses (`addressType: FQDN` is
    /// ignored).
    pub(crate) fn new(slice: &EndpointSlice) -> Option<Self> {
        if !matches!(slice.address_type, AddressType::IPv4 | AddressType::IPv6) {
            return None;
        }
        let owner = service_key(&slice.service()?).ok()?;
        // With `publishNotReadyAddresses` the endpoints controller says `ready` itself.
        let ready = slice
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.conditions.ready());
        let endpoints = ready
            .flat_map(|endpoint| {
                let hostname = endpoint.hostname.as_deref().and_then(hostname);
                let addresses = endpoint
                    .addresses
                    .iter()
                    .filter_map(|address| address.parse().ok());
                addresses.map(move |address| Endpoint {
                    address,
                    hostname: hostname.clone(),
                })
            })
            .collect();
        let ports = ports(
            slice
                .ports
                .iter()
                .map(|port| Port::new(&port.name, port.protocol, port.port)),
        );
        Some(Self {
            owner,
            endpoints,
            ports,
        })
    }
}

/// A usable `hostname` in lower case.
fn hostname(text: &str) -> Option<Arc<[u8]>> {
    let mut wire = Vec::with_capacity(text.len() + 1);
    push_label(&mut wire, text).ok()?;
    Some(wire.get(1..)?.to_ascii_lowercase().into())
}

impl Endpoint {
    /// The endpoint's label: its `hostname`, or its address with dashes.
    pub(crate) fn label(&self) -> Cow<'_, [u8]> {
        match &self.hostname {
            Some(hostname) => Cow::Borrowed(hostname),
            None => Cow::Owned(dashed(self.address)),
        }
    }
}

/// An address as a label: dots and colons become dashes; a trailing dash, which no label may have, is
/// followed by `0`.
pub(crate) fn dashed(address: IpAddr) -> Vec<u8> {
    let mut label = address.to_string().replace(['.', ':'], "-").into_bytes();
    if label.last() == Some(&b'-') {
        label.push(b'0');
    }
    label
}

/// The endpoint label that a question asks for, prepared for comparing it with many endpoints.
pub(crate) struct EndpointLabel<'a> {
    text: &'a [u8],
    address: Option<IpAddr>,
}

impl<'a> EndpointLabel<'a> {
    /// Prepares a label in lower case.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        let parse = |from, to: &str| std::str::from_utf8(text).ok()?.replace(from, to).parse().ok();
        // The label is read once; to print the address of each of thousands of endpoints would cost far more.
        // Only the form that is printed counts: `010-42-0-7` is nobody's label.
        let address = [parse('-', "."), parse('-', ":")]
            .into_iter()
            .flatten()
            .find(|&address| dashed(address) == text);
        Self { text, address }
    }

    /// Whether the endpoint has this label.
    pub(crate) fn matches(&self, endpoint: &Endpoint) -> bool {
        match &endpoint.hostname {
            Some(hostname) => **hostname == *self.text,
            None => Some(endpoint.address) == self.address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_labels_and_are_found_by_them() {
        for (address, label) in [
            ("10.42.0.7", "10-42-0-7"),
            ("1234:abcd::1", "1234-abcd--1"),
            ("5678:abcd::", "5678-abcd--0"),
            ("::", "--0"),
            ("::1", "--1"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(dashed(address), label.as_bytes());
            let endpoint = Endpoint {
                address,
                hostname: None,
            };
            assert!(EndpointLabel::new(label.as_bytes()).matches(&endpoint), "{label}");
            assert!(!EndpointLabel::new(b"010-42-0-7").matches(&endpoint));
        }
    }
}
