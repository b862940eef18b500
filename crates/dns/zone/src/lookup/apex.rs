//! Answers at a zone's own name, and the name servers.

use std::net::IpAddr;

use kinglet_dns_wire::{Owner, QueryName, Records, rtype, type_of};

use super::answer::{Answer, Found};
use crate::cluster::{AddressOwner, Kind, Service};
use crate::snapshot::{Snapshot, ZoneMatch};

/// A name server: its name up to the zone's, and an address.
type NameServer = (Vec<u8>, IpAddr);

impl Snapshot {
    /// The zone's own name.
    pub(super) fn apex(&self, matched: ZoneMatch, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        match qtype {
            rtype::SOA => Found::records(Records::one(self.soa(matched).as_bytes())),
            rtype::NS => self.ns(name),
            _ => Found::NoData,
        }
    }

    /// `ns.dns.<zone>`: all addresses of the name servers.
    pub(super) fn name_server(&self, qtype: u16) -> Found<'_> {
        let mut records = Records::default();
        let servers = self.name_servers();
        let mut addresses: Vec<IpAddr> = servers.into_iter().map(|(_, address)| address).collect();
        addresses.sort();
        addresses.dedup();
        for address in addresses {
            if type_of(address) == qtype {
                records.push_address(Owner::Question, self.zones.ttl, address);
            }
        }
        if records.count() == 0 {
            return Found::NoData;
        }
        Found::records(records)
    }

    /// One NS record per name server, with its addresses in the additional section.
    fn ns(&self, name: &QueryName<'_>) -> Found<'_> {
        let zone = name.spelled();
        let mut answer = Answer::default();
        let mut previous = None;
        let servers = self.name_servers();
        for (server, address) in &servers {
            if previous != Some(server) {
                answer
                    .records
                    .push(Owner::Question, rtype::NS, self.zones.ttl, &[server, zone]);
            }
            let owner: [&[u8]; 2] = [server, zone];
            answer
                .additional
                .push_address(Owner::Name(&owner), self.zones.ttl, *address);
            previous = Some(server);
        }
        if servers.is_empty() {
            return Found::NoData;
        }
        Found::Answer(answer)
    }

    /// The Services whose endpoint this machine is; if it is none, `ns.dns` with the machine's own addresses.
    fn name_servers(&self) -> Vec<NameServer> {
        // Endpoints are found by this machine's addresses: nobody has to be told which Service the server is.
        let mut servers = Vec::new();
        for address in &self.zones.local_addresses {
            let owners = self.reverse.get(address).map(|reverse| &reverse.owners[..]);
            for owner in owners.unwrap_or_default() {
                let AddressOwner::Endpoint(key, _) = owner else {
                    continue;
                };
                if let Some(service) = self.services.get(key) {
                    servers.extend(servers_of(service, *address));
                }
            }
        }
        if servers.is_empty() {
            let local = self.zones.local_addresses.iter();
            servers.extend(local.map(|&address| (b"\x02ns\x03dns".to_vec(), address)));
        }
        // An endpoint may be in several slices; and snapshots of the same objects must answer the same.
        servers.sort();
        servers.dedup();
        servers
    }
}

/// The names and addresses of a Service, one of whose endpoints is this machine.
fn servers_of(service: &Service, local: IpAddr) -> Vec<NameServer> {
    let name = |label: &[u8]| {
        let mut name = Vec::new();
        if !label.is_empty() {
            name.push(label.len() as u8);
            name.extend_from_slice(label);
        }
        name.extend_from_slice(&service.key);
        name.extend_from_slice(b"\x03svc");
        name
    };
    match &service.spec.kind {
        Kind::ClusterIps(ips) => ips.iter().map(|&ip| (name(&[]), ip)).collect(),
        Kind::Headless => {
            let has_local =
                |endpoints: &[crate::cluster::Endpoint]| endpoints.iter().any(|e| e.address == local);
            let slices = service.slices.iter().filter(|slice| has_local(&slice.endpoints));
            let endpoints = slices.flat_map(|slice| &slice.endpoints);
            endpoints
                .map(|endpoint| (name(&endpoint.label()), endpoint.address))
                .collect()
        }
        Kind::Alias(_) | Kind::Unusable => Vec::new(),
    }
}
