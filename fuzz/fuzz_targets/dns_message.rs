//! Any octets as a query, and as an upstream's reply: the server neither panics nor sends what another
//! decoder cannot read.

#![no_main]

use std::sync::{Arc, LazyLock};

use domain::base::Message;
use domain::rdata::AllRecordData;
use kinglet_dns_server::fuzzing;
use kinglet_dns_wire::{Request, UpstreamReply};
use kinglet_dns_zone::{Snapshot, ZoneBuilder, ZoneSettings};
use kinglet_model::{Endpoint, EndpointSlice, Meta, Namespace, Service, ServicePort, ServiceType, wellknown};
use libfuzzer_sys::fuzz_target;

/// Namespace `d` with `a` (a cluster address), `h` (headless, 100 endpoints) and `x` (ExternalName): short
/// names are found soon.
static SNAPSHOT: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    let settings = ZoneSettings {
        domain: "z".into(),
        ..ZoneSettings::default()
    };
    let mut zone = ZoneBuilder::new(&settings).expect("the domain is a name");
    let meta = |namespace: &str, name: &str| Meta {
        name: name.into(),
        namespace: namespace.into(),
        ..Meta::default()
    };
    let service = |name| Service {
        metadata: meta("d", name),
        ports: vec![ServicePort {
            name: "p".into(),
            port: 1,
            ..ServicePort::default()
        }],
        ..Service::default()
    };
    zone.apply_namespace(&Namespace {
        metadata: meta("", "d"),
    });
    zone.apply_service(&Service {
        cluster_ips: vec![[10, 0, 0, 1].into()],
        ..service("a")
    });
    zone.apply_service(&Service {
        headless: true,
        ..service("h")
    });
    zone.apply_service(&Service {
        service_type: ServiceType::ExternalName,
        external_name: Some("a.d.svc.z".into()),
        ..service("x")
    });
    let mut metadata = meta("d", "h");
    metadata
        .labels
        .insert(wellknown::LABEL_SERVICE_NAME.into(), "h".into());
    let endpoints = (0..100).map(|last| Endpoint {
        addresses: vec![format!("10.1.0.{last}").into()],
        ..Endpoint::default()
    });
    zone.apply_endpoint_slice(&EndpointSlice {
        metadata,
        endpoints: endpoints.collect(),
        ..EndpointSlice::default()
    });
    zone.set_synced();
    zone.snapshot(1)
});

const QUERY: &[u8] = b"\0\0\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01";

fuzz_target!(|octets: &[u8]| {
    for udp in [true, false] {
        let mut out = Vec::new();
        if fuzzing::answer(&SNAPSHOT, octets, udp, &mut out) {
            check(&out, octets, udp);
        }
    }
    if let Some(reply) = upstream_reply(QUERY, octets.to_vec(), 64) {
        assert!(reply.len() <= octets.len().max(64) && reply.starts_with(&QUERY[..2]));
    }
});

/// Takes `octets` as the reply to `query`, whatever its id, and makes it fit; nothing if it is none.
fn upstream_reply(query: &[u8], octets: Vec<u8>, limit: usize) -> Option<Vec<u8>> {
    let request = Request::read(query).ok()?;
    let id = u16::from_be_bytes([*octets.first()?, *octets.get(1)?]);
    let reply = UpstreamReply::check(octets, &request, id).ok()?;
    Some(reply.into_reply(&request, limit))
}

/// A reply repeats the id, is no longer than the client takes, and can be read to its end.
fn check(out: &[u8], query: &[u8], udp: bool) {
    assert!(out.len() <= if udp { 4096 } else { 65_535 } && out[..2] == query[..2]);
    let message = Message::from_octets(out).expect("a header");
    assert!(message.header().qr());
    let (_, answer, authority, additional) = message.sections().expect("sections");
    let mut end = answer.pos();
    for section in [answer, authority, additional] {
        for record in section {
            let record = record.expect("a record");
            record
                .into_any_record::<AllRecordData<_, _>>()
                .expect("the data of a record");
        }
        end = end.max(section.pos());
    }
    assert!(end <= out.len());
}
