//! Questions to answers: the grammar of the cluster domain.
//!
//! Follows CoreDNS' `kubernetes` plugin with `pods insecure` and `fallthrough in-addr.arpa ip6.arpa`. It
//! differs where CoreDNS denies a name that exists (RFC 8020 lets resolvers then deny everything below): TXT
//! at the apex, `svc` and namespaces, other types than PTR at reverse names, `dns`, and `_tcp` above a port's
//! name have no data; and an SOA question for a name that does not exist is a name error.

mod alias;
mod apex;
mod pod;
mod reverse;
mod service;

use kinglet_dns_wire::{Name, Owner, QueryName, Records, rtype};

use crate::cluster::Ask;
use crate::snapshot::{Place, Snapshot, Zone};
use crate::soa::Soa;

/// TTL of the schema version, in seconds.
const VERSION_TTL: u32 = 28_800;
/// Version of the Kubernetes DNS schema that is served.
const VERSION: &[u8] = b"1.1.0";

/// The zones' answer to a question.
#[derive(Debug)]
pub enum Lookup<'s> {
    /// NOERROR with records.
    Answer(Answer<'s>),
    /// NOERROR without records: the name exists with other types or above other names. The SOA goes into the
    /// authority section.
    NoData(Soa),
    /// NXDOMAIN, with the SOA in the authority section.
    NameError(Soa),
    /// SERVFAIL, with the SOA in the authority section: the name is unknown, but not all objects have been
    /// seen.
    Unsynced(Soa),
    /// REFUSED: zone transfers.
    Refused,
    /// The name is an alias of one outside of the zone.
    Chase(Chase<'s>),
    /// Not ours to answer: the name is outside of the zones, or a reverse name that no object has.
    PassOn,
}

/// Records for the answer and additional sections.
#[derive(Debug, Default)]
pub struct Answer<'s> {
    /// Answer section.
    pub records: Records<'s>,
    /// Additional section.
    pub additional: Records<'s>,
}

/// An alias to follow elsewhere: `records`, then what is found for `target`. Without a reply the answer is
/// empty, with `soa` in authority.
#[derive(Debug)]
pub struct Chase<'s> {
    /// CNAME records so far.
    pub records: Records<'s>,
    /// Name to ask for, with the type of the question.
    pub target: &'s Name,
    /// For the authority section of an empty answer.
    pub soa: Soa,
}

/// What a name and type are found to be, before the zone's rules for names that do not exist.
enum Found<'s> {
    Answer(Answer<'s>),
    Alias(&'s Name),
    NoData,
    NameError,
    Refused,
}

impl<'s> Found<'s> {
    fn records(records: Records<'s>) -> Self {
        Self::Answer(Answer {
            records,
            additional: Records::default(),
        })
    }

    /// NODATA for a name that exists, NXDOMAIN for one that does not.
    fn empty(exists: bool) -> Self {
        if exists { Self::NoData } else { Self::NameError }
    }
}

impl Snapshot {
    /// Answers a question of class IN.
    pub fn lookup(&self, name: &QueryName<'_>, qtype: u16) -> Lookup<'_> {
        let Some(place) = self.zones.place(name) else {
            return Lookup::PassOn;
        };
        match self.find(place, name, qtype) {
            Found::Answer(answer) => Lookup::Answer(answer),
            Found::Alias(target) => self.follow(place, name, qtype, target),
            Found::NoData => Lookup::NoData(self.soa(place)),
            Found::NameError if place.zone != Zone::Cluster => Lookup::PassOn,
            Found::NameError if !self.synced => Lookup::Unsynced(self.soa(place)),
            Found::NameError => Lookup::NameError(self.soa(place)),
            Found::Refused => Lookup::Refused,
        }
    }

    /// What a name in one of the zones is.
    fn find(&self, place: Place, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        match place.zone {
            _ if matches!(qtype, rtype::AXFR | rtype::IXFR) => Found::Refused,
            _ if place.labels == 0 => self.apex(place, name, qtype),
            Zone::Cluster => self.cluster(place, name, qtype),
            Zone::InAddr | Zone::Ip6 => self.ptr(place, name, qtype),
        }
    }

    /// A name below the cluster domain: the label next to the domain decides what it is.
    fn cluster(&self, place: Place, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        let above = place.labels.saturating_sub(1);
        match (name.label(above), above) {
            (b"svc", above) => self.svc(above, place, name, qtype),
            (b"pod", above) => self.pod(above, name, qtype),
            (b"dns-version", 0) => self.schema_version(qtype),
            (b"dns", 0) => Found::NoData,
            (b"dns", 1) if name.label(0) == b"ns" => self.name_server(qtype),
            _ => Found::NameError,
        }
    }

    /// A name with `labels` labels left of `svc`.
    fn svc(&self, labels: usize, place: Place, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        if labels == 0 {
            return Found::NoData;
        }
        if labels > 4 || self.namespaces.get(name.label(labels - 1)).is_none() {
            return Found::NameError;
        }
        if labels == 1 {
            return Found::NoData;
        }
        let Some(service) = self.services.get(name.range(labels - 2, labels)) else {
            return Found::NameError;
        };
        match labels {
            2 if qtype == rtype::A => service::address(service, &service.v4),
            2 if qtype == rtype::AAAA => service::address(service, &service.v6),
            2 => self.service(service, &Ask::Service, place, name, qtype),
            3 => self.service(service, &Ask::Endpoint(name.label(0)), place, name, qtype),
            _ => {
                let (name_label, protocol) = (name.label(0), name.label(1));
                let ask = Ask::Port {
                    name: name_label,
                    protocol,
                };
                self.service(service, &ask, place, name, qtype)
            }
        }
    }

    fn schema_version(&self, qtype: u16) -> Found<'_> {
        if qtype != rtype::TXT {
            return Found::NoData;
        }
        let mut records = Records::default();
        let data: [&[u8]; 2] = [&[VERSION.len() as u8], VERSION];
        records.push(Owner::Question, rtype::TXT, VERSION_TTL, &data);
        Found::records(records)
    }
}
