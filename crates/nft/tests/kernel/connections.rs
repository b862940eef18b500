//! Connection tracking, with real connections.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

use kinglet_nft::*;

use crate::harness::{commit, in_namespace, nft_load, run};
use crate::traffic::{PORT, SERVICE, bound, client, endpoint, exchange, prepare, server, service};

const TCP: u8 = 6;
const UDP: u8 = 17;

fn address(number: u8) -> IpAddr {
    endpoint(number).into()
}

/// The connections that lead to port 8080 of the first endpoint.
fn to_endpoint() -> Filter {
    Filter {
        reply_source: Some(address(1)),
        reply_source_port: Some(8080),
        ..Filter::all()
    }
}

/// Sets bits of the mark of an entry; returns whether it was there.
fn set_mark(conntrack: &mut Conntrack, original: Tuple, zone: u16, mark: u32, mask: u32) -> bool {
    let change = Change::Mark {
        original,
        zone,
        mark,
        mask,
    };
    conntrack.apply(&[change]).unwrap() == 1
}

/// Deletes an entry; returns whether it was there.
fn delete(conntrack: &mut Conntrack, entry: &Entry) -> bool {
    conntrack.apply(&[Change::Delete(*entry)]).unwrap() == 1
}

#[test]
fn a_translated_udp_connection_is_listed_marked_and_deleted() {
    in_namespace(|| {
        prepare();
        commit(&service(&[1], false).replace());
        let (client, server) = (client(), server(1));
        exchange(&client, &server);
        let mut conntrack = Conntrack::open().unwrap();
        let wanted = Filter {
            protocol: Some(UDP),
            ..to_endpoint()
        };
        let entries = conntrack.entries(&wanted).unwrap();
        let [entry] = entries.as_slice() else {
            panic!("{entries:?}")
        };
        let from = client.local_addr().unwrap();
        let original = Tuple::new(UDP, (from.ip(), from.port()), (SERVICE.into(), PORT));
        let reply = Tuple::new(UDP, (address(1), 8080), (from.ip(), from.port()));
        assert_eq!((entry.original, entry.reply), (original, reply));
        assert!(
            entry
                .status
                .contains(CtStatus::DNAT | CtStatus::SEEN_REPLY | CtStatus::CONFIRMED)
        );
        assert!(entry.timeout.is_some());
        assert_eq!((entry.mark, entry.zone), (0, 0));

        assert!(set_mark(&mut conntrack, original, 0, 0xffff_0005, 0x8000_000f));
        assert!(set_mark(&mut conntrack, original, 0, 0x0000_0040, 0x0000_00f0));
        let marked = |mark, mask| Filter::all().mark(mark, mask);
        assert_eq!(
            conntrack.entries(&marked(0x8000_0000, 0x8000_0000)).unwrap()[0].mark,
            0x8000_0045
        );
        assert_eq!(conntrack.entries(&marked(0x4000_0000, 0x4000_0000)).unwrap(), []);
        assert!(set_mark(&mut conntrack, original, 0, 0, u32::MAX));
        assert_eq!(conntrack.entries(&marked(0, u32::MAX)).unwrap().len(), 1);

        let mut other = *entry;
        other.id = entry.id.wrapping_add(1);
        assert!(!delete(&mut conntrack, &other));
        assert!(delete(&mut conntrack, entry));
        assert!(!delete(&mut conntrack, entry));
        assert!(!set_mark(&mut conntrack, original, 0, 1, 1));
        assert_eq!(conntrack.entries(&wanted).unwrap(), []);
    });
}

#[test]
fn a_stale_udp_connection_moves_when_its_entry_is_deleted() {
    in_namespace(|| {
        prepare();
        let client = client();
        let (first, second) = (server(1), server(2));
        commit(&service(&[1], false).replace());
        exchange(&client, &first);
        commit(&service(&[2], false).replace());
        exchange(&client, &first);
        let mut conntrack = Conntrack::open().unwrap();
        let stale = Filter::all().protocol(UDP).to_service(Some(SERVICE.into()), PORT);
        let stale = Filter {
            reply_source: Some(address(1)),
            ..stale
        };
        let changes: Vec<Change> = conntrack
            .entries(&stale)
            .unwrap()
            .into_iter()
            .map(Change::Delete)
            .collect();
        assert_eq!(changes.len(), 1);
        assert_eq!(conntrack.apply(&changes).unwrap(), 1);
        exchange(&client, &second);
    });
}

#[test]
fn many_connections_are_deleted_at_once() {
    in_namespace(|| {
        prepare();
        commit(&service(&[1], false).replace());
        let (client, server) = (bound((Ipv4Addr::new(10, 0, 0, 1), 0).into()), server(1));
        let mut buffer = [0; 16];
        for _ in 0..600 {
            // Each packet has a source port of its own.
            let client = bound((Ipv4Addr::new(10, 0, 0, 1), 0).into());
            client.send_to(b"x", (SERVICE, PORT)).unwrap();
            server.recv_from(&mut buffer).unwrap();
        }
        drop(client);
        let mut conntrack = Conntrack::open().unwrap();
        let entries = conntrack.entries(&to_endpoint()).unwrap();
        assert!(entries.len() > 500, "{} entries", entries.len());
        let mut changes: Vec<Change> = entries
            .iter()
            .map(|entry| Change::DeleteTuple(entry.original, entry.zone))
            .collect();
        changes.insert(7, changes[0].clone());
        assert_eq!(conntrack.apply(&changes).unwrap(), entries.len());
        assert_eq!(conntrack.entries(&Filter::all().protocol(UDP)).unwrap(), []);
    });
}

#[test]
fn tcp_icmp_and_ipv6_are_listed() {
    in_namespace(|| {
        nft_load("table inet t { chain c { type filter hook output priority 0; ct state new accept\n }\n }");
        let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let to = listener.local_addr().unwrap();
        let stream = TcpStream::connect(to).unwrap();
        let from = stream.local_addr().unwrap();
        run("ping", &["-c", "1", "-W", "5", "127.0.0.1"]);
        run("ping", &["-c", "1", "-W", "5", "::1"]);
        let mut conntrack = Conntrack::open().unwrap();
        let tuple = Tuple::new(TCP, (from.ip(), from.port()), (to.ip(), to.port()));
        let six = Filter {
            family: Some(L3::Ipv6),
            ..Filter::all()
        };
        let entries = conntrack.entries(&six.protocol(TCP)).unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.original).collect::<Vec<_>>(),
            [tuple]
        );
        assert!(delete(&mut conntrack, &entries[0]));
        for (family, protocol, kind) in [(L3::Ipv4, 1, 8), (L3::Ipv6, 58, 128)] {
            let filter = Filter {
                family: Some(family),
                ..Filter::all()
            };
            let entries = conntrack.entries(&filter.protocol(protocol)).unwrap();
            let [entry] = entries.as_slice() else {
                panic!("{entries:?}")
            };
            assert!(
                matches!(entry.original.layer4, Layer4::Icmp { kind: found, code: 0, .. } if found == kind)
            );
            assert!(delete(&mut conntrack, entry));
        }
    });
}

#[test]
fn zones_are_told_apart() {
    in_namespace(|| {
        nft_load(
            "table inet t {
                chain a { type filter hook output priority raw; udp dport 5005 ct zone set 5\n }
                chain b { type filter hook prerouting priority raw; udp dport 5005 ct zone set 5\n }
            }",
        );
        let local = |port| (IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let (one, five) = (bound(local(5001).into()), bound(local(5005).into()));
        let client = bound(local(0).into());
        let from = client.local_addr().unwrap().port();
        let mut buffer = [0; 16];
        for server in [&one, &five] {
            client.send_to(b"x", server.local_addr().unwrap()).unwrap();
            server.recv_from(&mut buffer).unwrap();
        }
        let mut conntrack = Conntrack::open().unwrap();
        let mut ports = |zone| -> Vec<_> {
            let filter = Filter {
                zone,
                ..Filter::all().protocol(UDP)
            };
            let entries = conntrack.entries(&filter).unwrap();
            entries
                .iter()
                .map(|entry| (entry.zone, entry.original.destination_port()))
                .collect()
        };
        assert_eq!(ports(Some(5)), [(5, Some(5005))]);
        assert_eq!(ports(Some(0)), [(0, Some(5001))]);
        assert_eq!(ports(None).len(), 2);
        let tuple = Tuple::new(UDP, local(from), local(5005));
        assert!(!set_mark(&mut conntrack, tuple, 0, 1, 1));
        assert!(set_mark(&mut conntrack, tuple, 5, 1, 1));
        assert_eq!(conntrack.apply(&[Change::DeleteTuple(tuple, 5)]).unwrap(), 1);
    });
}
