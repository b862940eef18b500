//! The grammar of the zones' names: which labels stand for which objects.

use kinglet_dns_wire::{Owner, QueryName, Records, rtype};

use super::answer::Found;
use super::service;
use crate::cluster::Question;
use crate::snapshot::{Snapshot, Zone, ZoneMatch};

/// TTL of the schema version, in seconds.
const VERSION_TTL: u32 = 28_800;
/// Version of the Kubernetes DNS schema that is served.
const VERSION: &[u8] = b"1.1.0";

impl Snapshot {
    /// What a name in one of the zones is.
    pub(super) fn find(&self, matched: ZoneMatch, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        match matched.zone {
            // Before anything else: a transfer would give the whole zone away (RFC 5936 section 5).
            _ if matches!(qtype, rtype::AXFR | rtype::IXFR) => Found::Refused,
            // The apex has SOA and NS in every zone.
            _ if matched.labels == 0 => self.apex(matched, name, qtype),
            Zone::Cluster => self.cluster(matched, name, qtype),
            Zone::InAddr | Zone::Ip6 => self.ptr(matched, name, qtype),
        }
    }

    /// A name below the cluster domain: the label next to the domain decides what it is.
    fn cluster(&self, matched: ZoneMatch, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        let above = matched.labels.saturating_sub(1);
        match (name.label(above), above) {
            (b"svc", above) => self.svc(above, matched, name, qtype),
            (b"pod", above) => self.pod(above, name, qtype),
            (b"dns-version", 0) => self.schema_version(qtype),
            // `ns.dns` is below it.
            (b"dns", 0) => Found::NoData,
            (b"dns", 1) if name.label(0) == b"ns" => self.name_server(qtype),
            _ => Found::NameError,
        }
    }

    /// A name with `labels` labels left of `svc`.
    fn svc(&self, labels: usize, matched: ZoneMatch, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        if labels == 0 {
            return Found::NoData;
        }
        // At most `_port._protocol.service.namespace`. Without its Namespace no name exists.
        if labels > 4 || self.namespaces.get(name.label(labels - 1)).is_none() {
            return Found::NameError;
        }
        // A namespace is an empty non-terminal: NODATA (RFC 8020 section 2).
        if labels == 1 {
            return Found::NoData;
        }
        let Some(service) = self.services.get(name.range(labels - 2, labels)) else {
            return Found::NameError;
        };
        match labels {
            // What clients ask most: stored records, nothing to assemble.
            2 if qtype == rtype::A => service::address(service, &service.v4),
            2 if qtype == rtype::AAAA => service::address(service, &service.v6),
            2 => self.service(service, &Question::Service, matched, name, qtype),
            3 => self.service(service, &Question::Endpoint(name.label(0)), matched, name, qtype),
            _ => {
                let (name_label, protocol) = (name.label(0), name.label(1));
                let question = Question::Port {
                    name: name_label,
                    protocol,
                };
                self.service(service, &question, matched, name, qtype)
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
