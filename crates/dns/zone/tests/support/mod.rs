//! What the tests share: objects from YAML, and answers read by an independent decoder.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; each test uses some"
)]

use domain::base::iana::Rtype;
use domain::base::{Message, ToName};
use domain::rdata::AllRecordData;
use kinglet_dns_wire::{Name, QueryName, Records};
use kinglet_dns_zone::{Lookup, Snapshot, Soa, ZoneBuilder};
use kinglet_model::{EndpointSlice, Namespace, Object, Service};

/// An object of the cluster.
#[derive(Clone, Debug)]
pub enum Item {
    Service(Box<Service>),
    Slice(EndpointSlice),
    Namespace(Namespace),
}

impl Item {
    /// Reads one YAML document.
    pub fn parse(yaml: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct Head {
            kind: String,
        }
        let head: Head = serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        match head.kind.as_str() {
            "Service" => Self::Service(Box::new(read(yaml))),
            "EndpointSlice" => Self::Slice(read(yaml)),
            "Namespace" => Self::Namespace(read(yaml)),
            kind => panic!("no kind {kind}"),
        }
    }

    pub fn apply(&self, builder: &mut ZoneBuilder) {
        match self {
            Self::Service(service) => builder.apply_service(service),
            Self::Slice(slice) => builder.apply_endpoint_slice(slice),
            Self::Namespace(namespace) => builder.apply_namespace(namespace),
        }
    }

    pub fn remove(&self, builder: &mut ZoneBuilder) {
        match self {
            Self::Service(service) => builder.remove_service(&service.object_name()),
            Self::Slice(slice) => builder.remove_endpoint_slice(&slice.object_name()),
            Self::Namespace(namespace) => builder.remove_namespace(&namespace.object_name()),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(yaml: &str) -> T {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
}

/// An answer in text: `NOERROR`, `NODATA`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, `PASS` or `CHASE target.`, then
/// its records, each behind `=` (answer), `-` (authority) or `+` (additional), sorted within their section.
pub fn ask(snapshot: &Snapshot, name: &str, rtype: &str) -> Vec<String> {
    let wire = Name::parse(name).unwrap();
    let question = QueryName::read(wire.as_wire()).unwrap();
    let qtype: Rtype = rtype.parse().unwrap();
    let render = |status: String, answer: &Records<'_>, soa: Option<&Soa>, additional: &Records<'_>| {
        let mut lines = vec![status];
        lines.extend(decode(wire.as_wire(), qtype, answer, soa, additional));
        lines
    };
    let none = Records::default();
    match snapshot.lookup(&question, qtype.to_int()) {
        Lookup::Answer(answer) => render("NOERROR".into(), &answer.records, None, &answer.additional),
        Lookup::NoData(soa) => render("NODATA".into(), &none, Some(&soa), &none),
        Lookup::NameError(soa) => render("NXDOMAIN".into(), &none, Some(&soa), &none),
        Lookup::Unsynced(soa) => render("SERVFAIL".into(), &none, Some(&soa), &none),
        Lookup::Refused => vec!["REFUSED".into()],
        Lookup::Fallthrough => vec!["PASS".into()],
        Lookup::Chase(chase) => render(format!("CHASE {}", chase.target), &chase.records, None, &none),
    }
}

fn decode(
    name: &[u8],
    qtype: Rtype,
    answer: &Records<'_>,
    soa: Option<&Soa>,
    additional: &Records<'_>,
) -> Vec<String> {
    let mut message = vec![0, 1, 0x84, 0, 0, 1];
    for count in [answer.count(), soa.iter().count(), additional.count()] {
        message.extend_from_slice(&(count as u16).to_be_bytes());
    }
    message.extend_from_slice(name);
    message.extend_from_slice(&qtype.to_int().to_be_bytes());
    message.extend_from_slice(&[0, 1]);
    message.extend_from_slice(answer.as_bytes());
    message.extend_from_slice(soa.map_or(&[], |soa| soa.as_bytes()));
    message.extend_from_slice(additional.as_bytes());
    let message = Message::from_octets(message).unwrap();
    let (_, answer, authority, additional) = message.sections().unwrap();
    let mut lines = Vec::new();
    for (mark, section) in [('=', answer), ('-', authority), ('+', additional)] {
        let mut records: Vec<String> = section
            .map(|record| format!("{mark} {}", text(record.unwrap())))
            .collect();
        records.sort();
        lines.extend(records);
    }
    lines
}

/// `owner ttl type data`.
fn text(record: domain::base::ParsedRecord<'_, Vec<u8>>) -> String {
    let record = record.into_any_record::<AllRecordData<_, _>>().unwrap();
    let data = match record.data() {
        AllRecordData::Srv(srv) => {
            let target = srv.target().fmt_with_dot();
            format!("{} {} {} {target}", srv.priority(), srv.weight(), srv.port())
        }
        AllRecordData::Ptr(ptr) => ptr.ptrdname().fmt_with_dot().to_string(),
        AllRecordData::Ns(ns) => ns.nsdname().fmt_with_dot().to_string(),
        AllRecordData::Cname(cname) => cname.cname().fmt_with_dot().to_string(),
        AllRecordData::Soa(soa) => format!(
            "{} {} {} {} {} {} {}",
            soa.mname().fmt_with_dot(),
            soa.rname().fmt_with_dot(),
            soa.serial(),
            soa.refresh().as_secs(),
            soa.retry().as_secs(),
            soa.expire().as_secs(),
            soa.minimum().as_secs(),
        ),
        data => data.to_string(),
    };
    format!(
        "{} {} {} {data}",
        record.owner().fmt_with_dot(),
        record.ttl().as_secs(),
        record.rtype()
    )
}
