//! Services, compiled with their slices to answers.

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashSet;
use kinglet_dns_wire::{Name, Owner, Records};
use kinglet_model::ServiceType;

use super::key::ServiceKey;
use super::port::{Port, ports};
use super::slice::{Endpoint, EndpointLabel, Slice};
use crate::table::Keyed;

/// The used part of a Service object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    /// Never empty.
    pub(crate) ports: Box<[Port]>,
}

/// What a Service's name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `spec.clusterIPs`.
    ClusterIps(Box<[IpAddr]>),
    /// The ready endpoints.
    Headless,
    /// `spec.externalName`.
    Alias(Name),
    /// An ExternalName Service whose name is an address or no name at all: served as if it did not exist.
    Unusable,
}

impl Spec {
    /// Reduces a Service.
    pub(crate) fn new(service: &kinglet_model::Service) -> Self {
        let kind = if service.service_type == ServiceType::ExternalName {
            alias(service.external_name.as_deref().unwrap_or_default())
        } else if service.headless {
            Kind::Headless
        } else {
            Kind::ClusterIps(service.cluster_ips.as_slice().into())
        };
        let ports = ports(
            service
                .ports
                .iter()
                .map(|port| Port::new(&port.name, port.protocol, Some(port.port))),
        );
        Self { kind, ports }
    }

    /// The addresses whose reverse name is the Service's.
    pub(crate) fn cluster_ips(&self) -> &[IpAddr] {
        match &self.kind {
            Kind::ClusterIps(ips) => ips,
            _ => &[],
        }
    }
}

fn alias(text: &str) -> Kind {
    match Name::parse(text) {
        // A CNAME to an address would be looked up as a name of the root.
        Ok(name) if text.trim_end_matches('.').parse::<IpAddr>().is_err() => Kind::Alias(name),
        _ => Kind::Unusable,
    }
}

/// What is asked about a Service.
pub(crate) enum Question<'a> {
    /// The Service itself: `service.namespace`.
    Service,
    /// One endpoint: `label.service.namespace`.
    Endpoint(&'a [u8]),
    /// One named port: `_name._protocol.service.namespace`.
    Port {
        /// Port label.
        name: &'a [u8],
        /// Protocol label.
        protocol: &'a [u8],
    },
}

/// An address and port that answer a question.
pub(crate) struct Entry<'s> {
    /// The endpoint, if the entry is not a cluster address.
    pub(crate) endpoint: Option<&'s Endpoint>,
    /// The address.
    pub(crate) address: IpAddr,
    /// The port; absent if no SRV record can be made.
    pub(crate) port: Option<u16>,
}

/// A Service with its slices and the answers that are asked for most.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) key: ServiceKey,
    pub(crate) spec: Arc<Spec>,
    pub(crate) slices: Box<[Arc<Slice>]>,
    /// A records of the Service's name.
    pub(crate) v4: Records<'static>,
    /// AAAA records of the Service's name.
    pub(crate) v6: Records<'static>,
}

impl Keyed for Service {
    type Key = [u8];

    fn key(&self) -> &[u8] {
        &self.key
    }
}

impl Service {
    /// Compiles the answers of a Service.
    pub(crate) fn new(key: ServiceKey, spec: Arc<Spec>, slices: Box<[Arc<Slice>]>, ttl: u32) -> Self {
        let mut service = Self {
            key,
            spec,
            slices,
            v4: Records::default(),
            v6: Records::default(),
        };
        let (v4, v6) = service.addresses(ttl);
        (service.v4, service.v6) = (v4, v6);
        service
    }

    /// Whether the Service's own name exists. That of a headless Service exists only with ready endpoints, as
    /// in CoreDNS.
    pub(crate) fn exists(&self) -> bool {
        self.v4.count() + self.v6.count() > 0 || matches!(self.spec.kind, Kind::Alias(_))
    }

    fn addresses(&self, ttl: u32) -> (Records<'static>, Records<'static>) {
        let endpoints = self.slices.iter().flat_map(|slice| &slice.endpoints);
        match &self.spec.kind {
            Kind::ClusterIps(ips) => distinct(ips.iter().copied(), ttl),
            Kind::Headless => distinct(endpoints.map(|endpoint| endpoint.address), ttl),
            Kind::Alias(_) | Kind::Unusable => Default::default(),
        }
    }

    /// The addresses and ports that answer a question, in the order of the objects and with repetitions (they
    /// count for SRV weights).
    pub(crate) fn entries(&self, question: &Question<'_>) -> Vec<Entry<'_>> {
        match (&self.spec.kind, question) {
            (Kind::Alias(_) | Kind::Unusable, _) => Vec::new(),
            (Kind::ClusterIps(ips), Question::Service | Question::Port { .. }) => {
                self.cluster_entries(ips, question)
            }
            // Endpoints of a Service with a cluster address have names, too.
            (_, Question::Endpoint(label)) => {
                let asked = EndpointLabel::new(label);
                self.endpoint_entries(question, |endpoint| asked.matches(endpoint))
            }
            (Kind::Headless, _) => self.endpoint_entries(question, |_| true),
        }
    }

    fn cluster_entries(&self, ips: &[IpAddr], question: &Question<'_>) -> Vec<Entry<'_>> {
        let ports = self.spec.ports.iter().filter(|port| question.wants(port));
        ports
            .flat_map(|port| {
                ips.iter().map(|&address| Entry {
                    endpoint: None,
                    address,
                    port: port.number,
                })
            })
            .collect()
    }

    fn endpoint_entries(
        &self,
        question: &Question<'_>,
        wanted: impl Fn(&Endpoint) -> bool,
    ) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        for slice in &self.slices {
            for endpoint in slice.endpoints.iter().filter(|endpoint| wanted(endpoint)) {
                let ports = slice.ports.iter().filter(|port| question.wants(port));
                entries.extend(ports.map(|port| Entry {
                    endpoint: Some(endpoint),
                    address: endpoint.address,
                    port: port.number,
                }));
            }
        }
        entries
    }

    /// Whether there are names `_port._protocol` below the label `_protocol`: then that name exists, without
    /// data (RFC 8020).
    pub(crate) fn has_protocol(&self, label: &[u8]) -> bool {
        match &self.spec.kind {
            Kind::ClusterIps(_) => self.spec.ports.iter().any(|port| port.is_below(label)),
            Kind::Headless => self.slices.iter().any(|slice| {
                !slice.endpoints.is_empty() && slice.ports.iter().any(|port| port.is_below(label))
            }),
            Kind::Alias(_) | Kind::Unusable => false,
        }
    }
}

impl Question<'_> {
    fn wants(&self, port: &Port) -> bool {
        match self {
            Self::Service | Self::Endpoint(_) => true,
            Self::Port { name, protocol } => port.matches(name, protocol),
        }
    }
}

/// One record per distinct address, by family.
fn distinct(addresses: impl Iterator<Item = IpAddr>, ttl: u32) -> (Records<'static>, Records<'static>) {
    let (mut v4, mut v6) = (Records::default(), Records::default());
    // An endpoint is in two slices while the controller moves it from one to the other.
    let mut seen = HashSet::new();
    for address in addresses.filter(|&address| seen.insert(address)) {
        let records = if address.is_ipv4() { &mut v4 } else { &mut v6 };
        records.push_address(Owner::Question, ttl, address);
    }
    v4.shrink();
    v6.shrink();
    (v4, v6)
}
