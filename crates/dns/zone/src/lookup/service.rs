//! Answers for Services, their endpoints and their ports.

use hashbrown::HashSet;
use kinglet_dns_wire::{Name, Owner, QueryName, Records, rtype, type_of};

use super::answer::{Answer, Found};
use crate::cluster::{Entry, Kind, Question, Service};
use crate::snapshot::{Snapshot, ZoneMatch};

/// SRV priority of everything.
const PRIORITY: [u8; 2] = [0, 0];

/// The stored addresses of a Service's own name.
pub(super) fn address<'s>(service: &'s Service, records: &'s Records<'static>) -> Found<'s> {
    if records.count() > 0 {
        return Found::records(records.view());
    }
    match &service.spec.kind {
        // An ExternalName Service has no addresses of its own.
        Kind::Alias(target) => Found::Alias(target),
        _ => Found::empty(service.exists()),
    }
}

impl Snapshot {
    /// Anything about a Service that is not stored.
    pub(super) fn service<'s>(
        &self,
        service: &'s Service,
        question: &Question<'_>,
        matched: ZoneMatch,
        name: &QueryName<'_>,
        qtype: u16,
    ) -> Found<'s> {
        if let (Kind::Alias(target), Question::Service) = (&service.spec.kind, question) {
            return self.alias_record(target, qtype);
        }
        let entries = service.entries(question);
        if entries.is_empty() {
            let above_ports = matches!(question, Question::Endpoint(label) if service.has_protocol(label));
            return Found::empty(above_ports);
        }
        let answer = match qtype {
            rtype::A | rtype::AAAA => self.distinct(&entries, qtype),
            rtype::SRV => self.srv(service, &entries, matched, name),
            _ => Answer::default(),
        };
        if answer.records.count() == 0 {
            return Found::NoData;
        }
        Found::Answer(answer)
    }

    /// The alias itself; addresses are followed by `Snapshot::follow`.
    fn alias_record<'s>(&self, target: &'s Name, qtype: u16) -> Found<'s> {
        match qtype {
            // The target's addresses follow the CNAME in the same answer.
            rtype::A | rtype::AAAA => Found::Alias(target),
            rtype::CNAME => {
                let mut records = Records::default();
                records.push(Owner::Question, rtype::CNAME, self.zones.ttl, &[target.as_wire()]);
                Found::records(records)
            }
            _ => Found::NoData,
        }
    }

    /// Each distinct address of a family.
    fn distinct(&self, entries: &[Entry<'_>], qtype: u16) -> Answer<'static> {
        let mut answer = Answer::default();
        let mut seen = HashSet::new();
        for entry in entries.iter().filter(|entry| type_of(entry.address) == qtype) {
            if seen.insert(entry.address) {
                answer
                    .records
                    .push_address(Owner::Question, self.zones.ttl, entry.address);
            }
        }
        answer
    }

    /// SRV records with each target's addresses. Targets are not compressed (RFC 2782) and end in the zone as
    /// it was asked.
    fn srv(
        &self,
        service: &Service,
        entries: &[Entry<'_>],
        matched: ZoneMatch,
        name: &QueryName<'_>,
    ) -> Answer<'static> {
        let ttl = self.zones.ttl;
        let zone = name.spelled().get(matched.offset..).unwrap_or_default();
        // CoreDNS divides 100 among the entries before it removes repetitions; tests compare it.
        let weight = (100 / entries.len().max(1)).max(1) as u16;
        let mut answer = Answer::default();
        let (mut ports, mut addresses) = (HashSet::new(), HashSet::new());
        for entry in entries {
            let Some(port) = entry.port else { continue };
            let label = entry.endpoint.map(|endpoint| endpoint.label());
            let length = label.as_ref().map(|label| [label.len() as u8]);
            let target: [&[u8]; 5] = [
                length.as_ref().map_or(&[], |length| length),
                label.as_deref().unwrap_or_default(),
                &service.key,
                b"\x03svc",
                zone,
            ];
            // One SRV record per port, but each target's address once.
            if addresses.insert((label.clone(), entry.address)) {
                answer
                    .additional
                    .push_address(Owner::Name(&target), ttl, entry.address);
            }
            if ports.insert((label.clone(), port)) {
                let [a, b, c, d, e] = target;
                let data = [
                    &PRIORITY,
                    &weight.to_be_bytes()[..],
                    &port.to_be_bytes(),
                    a,
                    b,
                    c,
                    d,
                    e,
                ];
                answer.records.push(Owner::Question, rtype::SRV, ttl, &data);
            }
            // No message can hold more; a Service may have thousands of endpoints.
            if answer.records.is_full() {
                break;
            }
        }
        answer
    }
}
