//! Which tracked connections are deleted.

use std::net::IpAddr;

use kinglet_model::IpFamily;
use kinglet_nft::{CtStatus, Entry, Tuple};

use super::*;

const UDP: u8 = 17;

fn address(text: &str) -> (IpAddr, u16) {
    let socket: std::net::SocketAddr = text.parse().unwrap();
    (socket.ip(), socket.port())
}

fn backends(texts: &[&str]) -> BTreeSet<Backend> {
    let all = texts.iter().map(|text| address(text));
    all.map(|(address, port)| Backend { address, port }).collect()
}

/// A connection from a client to `destination` that `answers` answers.
fn entry(destination: &str, answers: &str, status: CtStatus) -> Entry {
    let client = address("192.0.2.9:40000");
    Entry {
        original: Tuple::new(UDP, client, address(destination)),
        reply: Tuple::new(UDP, address(answers), client),
        status,
        mark: 0,
        timeout: None,
        zone: 0,
        id: 1,
    }
}

fn destination(text: &str) -> Destination {
    let (ip, port) = address(text);
    Destination {
        family: IpFamily::of(ip),
        protocol: UDP,
        port,
        address: (!ip.is_unspecified()).then_some(ip),
    }
}

/// Destinations: `0.0.0.0` stands for the node's addresses.
fn destinations(all: &[(&str, &[&str])]) -> Destinations {
    let all = all
        .iter()
        .map(|(to, endpoints)| (destination(to), backends(endpoints)));
    all.collect()
}

#[test]
fn connections_that_do_not_fit_are_stale() {
    let mut flows = Flows::default();
    let name = ObjectName::new("kube-system", "dns");
    let endpoints = &["10.42.0.2:5353"][..];
    let served = [
        ("10.43.0.10:53", endpoints),
        ("0.0.0.0:30053", endpoints),
        ("10.43.0.11:53", &[]),
    ];
    flows.set_destinations(&name, destinations(&served));
    // Another Service has an address of the node, at the same port; it does not change.
    let other = ObjectName::new("kube-system", "other");
    flows.set_destinations(&other, destinations(&[("192.0.2.2:30053", endpoints)]));
    flows.take_stale();
    flows.set_destinations(&name, Destinations::new());
    flows.set_destinations(&name, destinations(&served));
    let stale = flows.take_stale();
    assert_eq!(stale.protocols(), [UDP]);
    let own = ["192.0.2.1", "192.0.2.2", "127.0.0.1"].map(|text| text.parse().unwrap());
    let own = BTreeSet::from(own);
    let (dnat, snat, none) = (CtStatus::DNAT, CtStatus::SNAT, CtStatus::default());
    for (to, answers, status, expected) in [
        ("10.43.0.10:53", "10.42.0.2:5353", dnat, false),
        ("10.43.0.10:53", "10.42.0.3:5353", dnat, true),
        ("10.43.0.10:53", "10.42.0.2:5354", dnat, true),
        ("10.43.0.10:53", "10.43.0.10:53", none, true),
        ("10.43.0.10:53", "10.43.0.10:53", snat, true),
        ("10.43.0.10:54", "10.43.0.10:54", none, false),
        ("10.43.0.11:53", "10.42.0.3:5353", dnat, true),
        ("10.43.0.11:53", "10.43.0.11:53", none, false),
        ("192.0.2.1:30053", "10.42.0.2:5353", dnat, false),
        ("192.0.2.1:30053", "10.42.0.3:5353", dnat, true),
        ("192.0.2.1:30053", "192.0.2.1:30053", none, true),
        ("192.0.2.2:30053", "10.42.0.3:5353", dnat, false),
        ("127.0.0.1:30053", "127.0.0.1:30053", none, false),
        ("198.51.100.1:30053", "198.51.100.1:30053", none, false),
        ("198.51.100.1:30053", "198.51.100.1:30053", snat, false),
        ("198.51.100.1:30053", "10.42.0.3:5353", dnat, false),
    ] {
        let entry = entry(to, answers, status);
        assert_eq!(
            stale.contains(&entry, &own),
            expected,
            "{to} answered by {answers}, {status:?}"
        );
    }
}

#[test]
fn only_changes_make_connections_stale() {
    let mut flows = Flows::default();
    let name = ObjectName::new("kube-system", "dns");
    let one = destinations(&[("10.43.0.10:53", &["10.42.0.2:53"])]);
    flows.set_destinations(&name, one.clone());
    assert!(!flows.take_stale().is_empty());
    let two = destinations(&[("10.43.0.10:53", &["10.42.0.2:53", "10.42.0.3:53"])]);
    for (now, leaves_some) in [(&one, false), (&two, false), (&one, true)] {
        flows.set_destinations(&name, now.clone());
        assert_eq!(
            !flows.take_stale().is_empty(),
            leaves_some,
            "one more endpoint harms nobody"
        );
    }
    flows.set_destinations(&name, Destinations::new());
    let gone = flows.take_stale();
    let none = BTreeSet::new();
    assert!(gone.contains(&entry("10.43.0.10:53", "10.42.0.2:53", CtStatus::DNAT), &none));
    assert!(!gone.contains(
        &entry("10.43.0.10:53", "10.43.0.10:53", CtStatus::default()),
        &none
    ));
    assert!(flows.services.is_empty() && flows.of_service.is_empty());
}
