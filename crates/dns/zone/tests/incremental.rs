//! However the objects came, changed and went, the answers are those of a zone built from what is there in
//! the end.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_dns_zone::{Snapshot, ZoneBuilder, ZoneSettings};
use kinglet_model::{
    AddressType, Endpoint, EndpointConditions, EndpointPort, EndpointSlice, Meta, Namespace, Protocol,
    Service, ServicePort, ServiceType, wellknown,
};
use proptest::prelude::*;
use support::{Item, ask};

const NAMESPACES: [&str; 2] = ["one", "two"];
const SERVICES: [&str; 3] = ["a", "b", "c"];
const SLICES: [&str; 4] = ["s1", "s2", "s3", "s4"];
const HOSTS: [&str; 2] = ["h0", "h1"];
const PORTS: [&str; 3] = ["", "http", "sql"];

fn meta(namespace: &str, name: &str) -> Meta {
    Meta {
        name: name.into(),
        namespace: namespace.into(),
        ..Meta::default()
    }
}

fn service() -> impl Strategy<Value = Item> {
    let ports = prop::collection::vec((prop::sample::select(&PORTS[..]), any::<bool>(), 1..4_u16), 0..3);
    let names = (
        prop::sample::select(&NAMESPACES[..]),
        prop::sample::select(&SERVICES[..]),
    );
    (names, 0..4_u8, prop::collection::vec(0..4_u8, 1..3), ports).prop_map(
        |((namespace, name), kind, ips, ports)| {
            let mut service = Service {
                metadata: meta(namespace, name),
                ..Service::default()
            };
            match kind {
                0 => service.headless = true,
                1 => {
                    service.service_type = ServiceType::ExternalName;
                    service.external_name =
                        Some(["a.one.svc.cluster.local", "example.com"][usize::from(ips[0] % 2)].into());
                }
                _ => service.cluster_ips = ips.iter().map(|&ip| address(ip)).collect(),
            }
            service.ports = ports
                .into_iter()
                .map(|(name, udp, port)| ServicePort {
                    name: name.into(),
                    protocol: if udp { Protocol::Udp } else { Protocol::Tcp },
                    port,
                    ..ServicePort::default()
                })
                .collect();
            Item::Service(Box::new(service))
        },
    )
}

/// Few addresses, of both families, so that objects share them.
fn address(number: u8) -> std::net::IpAddr {
    match number {
        0..3 => [10, 0, 0, number].into(),
        _ => [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number].into(),
    }
}

fn slice() -> impl Strategy<Value = Item> {
    let endpoint = (
        0..6_u8,
        prop::option::of(prop::sample::select(&HOSTS[..])),
        prop::option::of(any::<bool>()),
    );
    let endpoints = prop::collection::vec(endpoint, 0..4);
    let names = (
        prop::sample::select(&NAMESPACES[..]),
        prop::sample::select(&SLICES[..]),
        prop::option::weighted(0.9, prop::sample::select(&SERVICES[..])),
    );
    let ports = prop::collection::vec((prop::sample::select(&PORTS[..]), 1..4_u16), 0..3);
    (names, endpoints, ports).prop_map(|((namespace, name, service), endpoints, ports)| {
        let mut slice = EndpointSlice {
            metadata: meta(namespace, name),
            address_type: AddressType::IPv4,
            ..EndpointSlice::default()
        };
        let label = |service: &str| (wellknown::LABEL_SERVICE_NAME.into(), service.into());
        slice.metadata.labels = service.into_iter().map(label).collect();
        slice.endpoints = endpoints
            .into_iter()
            .map(|(number, hostname, ready)| Endpoint {
                addresses: vec![Arc::from(address(number).to_string())],
                hostname: hostname.map(Into::into),
                conditions: EndpointConditions::new(ready, None, None),
                ..Endpoint::default()
            })
            .collect();
        slice.ports = ports
            .into_iter()
            .map(|(name, port)| EndpointPort {
                name: name.into(),
                port: Some(port),
                ..EndpointPort::default()
            })
            .collect();
        Item::Slice(slice)
    })
}

fn item() -> impl Strategy<Value = Item> {
    let namespace = prop::sample::select(&NAMESPACES[..]).prop_map(|name| {
        Item::Namespace(Namespace {
            metadata: meta("", name),
        })
    });
    prop_oneof![4 => service(), 6 => slice(), 2 => namespace]
}

fn key(item: &Item) -> String {
    match item {
        Item::Service(service) => format!("service {}/{}", service.metadata.namespace, service.metadata.name),
        Item::Slice(slice) => format!("slice {}/{}", slice.metadata.namespace, slice.metadata.name),
        Item::Namespace(namespace) => format!("namespace {}", namespace.metadata.name),
    }
}

/// All names that the objects can have, each with every type that matters.
fn all_answers(snapshot: &Snapshot) -> BTreeMap<String, Vec<String>> {
    let mut names: Vec<String> = vec!["cluster.local".into(), "ns.dns.cluster.local".into()];
    for namespace in NAMESPACES {
        names.push(format!("{namespace}.svc.cluster.local"));
        names.push(format!("10-0-0-1.{namespace}.pod.cluster.local"));
        for service in SERVICES {
            let service = format!("{service}.{namespace}.svc.cluster.local");
            let below = [
                "h0",
                "h1",
                "10-0-0-1",
                "10-0-0-2",
                "fd00--3",
                "_tcp",
                "_http._tcp",
                "_sql._udp",
            ];
            names.extend(below.map(|label| format!("{label}.{service}")));
            names.push(service);
        }
    }
    names.extend((0..3).map(|number| format!("{number}.0.0.10.in-addr.arpa")));
    names.extend((3..6).map(|number| format!("{number}{}.0.0.d.f.ip6.arpa", ".0".repeat(27))));
    let types = ["A", "AAAA", "SRV", "PTR", "CNAME", "TXT", "NS", "SOA"];
    let questions = names.iter().flat_map(|name| types.map(|rtype| (name, rtype)));
    questions
        .map(|(name, rtype)| (format!("{name} {rtype}"), ask(snapshot, name, rtype)))
        .collect()
}

fn builder() -> ZoneBuilder {
    let mut builder = ZoneBuilder::new(&ZoneSettings {
        local_addresses: vec![address(1)],
        ..ZoneSettings::default()
    })
    .unwrap();
    builder.set_synced();
    builder
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn history_does_not_matter(
        steps in prop::collection::vec((item(), prop::bool::weighted(0.8), any::<bool>()), 1..40),
    ) {
        let mut changed = builder();
        let mut present = BTreeMap::new();
        for (item, add, publish) in &steps {
            if *add {
                item.apply(&mut changed);
                present.insert(key(item), item.clone());
            } else {
                item.remove(&mut changed);
                present.remove(&key(item));
            }
            if *publish {
                changed.snapshot(1);
            }
        }
        let mut fresh = builder();
        present.values().for_each(|item| item.apply(&mut fresh));
        // The serial tells of history, and is the same here: the first snapshot with data takes the time.
        let (changed, fresh) = (changed.snapshot(1), fresh.snapshot(1));
        prop_assert_eq!(changed.addresses(), fresh.addresses());
        let serial = |answers: BTreeMap<String, Vec<String>>| -> BTreeMap<String, Vec<String>> {
            let without = |line: String| line.replace(" 0 7200 ", " 1 7200 ");
            answers.into_iter().map(|(question, lines)| (question, lines.into_iter().map(without).collect())).collect()
        };
        prop_assert_eq!(serial(all_answers(&changed)), serial(all_answers(&fresh)));
    }

    #[test]
    fn a_snapshot_never_changes(before in prop::collection::vec(item(), 1..20), after in prop::collection::vec(item(), 1..20)) {
        let mut builder = builder();
        before.iter().for_each(|item| item.apply(&mut builder));
        let snapshot = builder.snapshot(1);
        let answers = all_answers(&snapshot);
        after.iter().for_each(|item| item.apply(&mut builder));
        before.iter().for_each(|item| item.remove(&mut builder));
        prop_assert_eq!(answers, all_answers(&snapshot));
    }

    #[test]
    fn any_octets_are_a_name_or_an_error(octets in prop::collection::vec(any::<u8>(), 0..300), qtype in any::<u16>()) {
        if let Ok(name) = kinglet_dns_wire::QueryName::read(&octets) {
            prop_assert!(octets.starts_with(name.spelled()));
            builder().snapshot(1).lookup(&name, qtype);
        }
    }
}

#[test]
fn the_serial_moves_with_the_data() {
    let mut builder = builder();
    assert_eq!(builder.snapshot(100).serial(), 0);
    let service = |port| Service {
        metadata: meta("one", "a"),
        cluster_ips: vec![address(1)],
        ports: vec![ServicePort {
            port,
            ..ServicePort::default()
        }],
        ..Service::default()
    };
    builder.apply_service(&service(1));
    assert_eq!(builder.snapshot(200).serial(), 200);
    builder.apply_service(&service(1));
    assert_eq!(builder.snapshot(300).serial(), 200);
    builder.apply_service(&service(2));
    // A clock that goes back does not take the serial with it.
    assert_eq!(builder.snapshot(150).serial(), 200);
    builder.apply_namespace(&Namespace {
        metadata: meta("", "one"),
    });
    assert_eq!(builder.snapshot(400).serial(), 200);
    builder.remove_service(&kinglet_model::ObjectName::new("one", "a"));
    assert_eq!(builder.snapshot(400).serial(), 400);
}
