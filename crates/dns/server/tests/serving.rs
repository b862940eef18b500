//! The zone over real sockets: UDP, EDNS, truncation, TCP, pipelining, and what is no query.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use domain::base::iana::Rcode;
use kinglet_dns_server::{BindError, DnsServer, DnsServerSettings, TcpSettings};
use support::{Server, decode, framed, query, receive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;

const WEB: &str = "web.default.svc.cluster.local";
const MANY: &str = "many.default.svc.cluster.local";
const HUGE: &str = "huge.default.svc.cluster.local";
const A: u16 = 1;

#[tokio::test]
async fn answers_over_udp() {
    let server = Server::start(vec![]).await;
    let reply = server
        .udp(&query(7, "WEB.default.svc.Cluster.local", A, None))
        .await;
    // Id, flags (QR AA RD), counts, then the question as it was spelled.
    assert_eq!(reply[..12], [0, 7, 0x85, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
    assert_eq!(&reply[12..16], b"\x03WEB");
    let reply = decode(&reply);
    assert_eq!(
        (reply.answer, reply.edns),
        (vec!["A 10.43.0.20".to_owned()], None)
    );
    assert_eq!(reply.owners, ["WEB.default.svc.Cluster.local."]);
    let reply = decode(
        &server
            .udp(&query(8, "nope.default.svc.cluster.local", A, None))
            .await,
    );
    assert_eq!((reply.rcode, reply.authority.len()), (Rcode::NXDOMAIN, 1));
    assert!(reply.authoritative && reply.authority[0].starts_with("SOA ns.dns.cluster.local"));
    let reply = decode(&server.udp(&query(9, WEB, 252, None)).await);
    assert_eq!(reply.rcode, Rcode::REFUSED);
    server.stop().await;
}

#[tokio::test]
async fn speaks_edns() {
    let server = Server::start(vec![]).await;
    let reply = decode(&server.udp(&query(1, WEB, A, Some(4000))).await);
    assert_eq!((reply.edns, reply.answer.len()), (Some(4000), 1));
    let mut version_1 = query(2, WEB, A, Some(1232));
    let at = version_1.len() - 5;
    version_1[at] = 1;
    let bytes = server.udp(&version_1).await;
    let reply = decode(&bytes);
    assert_eq!((reply.edns, reply.answer.len()), (Some(1232), 0));
    // BADVERS is 16: the upper bits stand in the OPT record's TTL.
    assert_eq!((bytes[3] & 15, bytes[bytes.len() - 6]), (0, 1));
    server.stop().await;
}

#[tokio::test]
async fn cuts_long_replies_off_and_gives_them_over_tcp() {
    let server = Server::start(vec![]).await;
    let bytes = server.udp(&query(1, MANY, A, None)).await;
    let reply = decode(&bytes);
    // 12 + 36 octets of header and question, then 29 records of 16.
    assert!(reply.truncated && bytes.len() <= 512);
    assert_eq!(reply.answer.len(), (512 - 48) / 16);
    let reply = decode(&server.udp(&query(2, MANY, A, Some(1232))).await);
    assert_eq!(
        (reply.truncated, reply.answer.len(), reply.edns),
        (true, (1232 - 48 - 11) / 16, Some(1232))
    );
    let reply = decode(&server.udp(&query(3, MANY, A, Some(4096))).await);
    assert_eq!((reply.truncated, reply.answer.len()), (false, 80));
    // The server sends at most 4096 octets over UDP, whatever the client takes.
    let bytes = server.udp(&query(4, HUGE, A, Some(65_535))).await;
    assert!(decode(&bytes).truncated && bytes.len() <= 4096);
    let mut connection = server.tcp().await;
    connection.send(&query(5, MANY, A, None)).await;
    let reply = decode(&connection.receive().await.unwrap());
    assert_eq!((reply.truncated, reply.answer.len()), (false, 80));
    // More than any message holds.
    connection.send(&query(6, HUGE, A, None)).await;
    let reply = decode(&connection.receive().await.unwrap());
    assert_eq!((reply.truncated, reply.answer.len()), (true, (65_535 - 48) / 16));
    server.stop().await;
}

#[tokio::test]
async fn spreads_clients_over_addresses() {
    let server = Server::start(vec![]).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.address).await.unwrap();
    let mut firsts = std::collections::HashSet::new();
    for id in 0..20 {
        socket.send(&query(id, MANY, A, Some(4096))).await.unwrap();
        let mut answer = decode(&receive(&socket).await).answer;
        firsts.insert(answer[0].clone());
        answer.sort();
        answer.dedup();
        assert_eq!(answer.len(), 80, "all addresses are there in any order");
    }
    assert!(firsts.len() > 10, "{firsts:?}");
    server.stop().await;
}

#[tokio::test]
async fn answers_what_is_no_proper_query_and_goes_on() {
    let server = Server::start(vec![]).await;
    let header = |reply: Vec<u8>| (reply.len(), reply[3] & 15);
    let mut status = query(1, WEB, A, None);
    status[2] = 0x10;
    assert_eq!(header(server.udp(&status).await), (12, 4), "NOTIMP");
    let mut no_question = query(2, WEB, A, None);
    no_question[5] = 0;
    assert_eq!(header(server.udp(&no_question).await), (12, 1), "FORMERR");
    let cut = &query(3, WEB, A, None)[..20];
    assert_eq!(header(server.udp(cut).await), (12, 1), "FORMERR");
    let mut pointer = query(4, WEB, A, None);
    pointer[12] = 0xC0;
    assert_eq!(header(server.udp(&pointer).await), (12, 1), "FORMERR");
    let mut chaos = query(5, WEB, A, None);
    let at = chaos.len() - 1;
    chaos[at] = 3;
    assert_eq!(server.udp(&chaos).await[3] & 15, 5, "REFUSED");
    // Responses, scraps and empty datagrams get no reply: the next reply is that to the next query.
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(server.address).await.unwrap();
    let mut response = query(6, WEB, A, None);
    response[2] |= 0x80;
    for message in [&response[..], b"scrap", b""] {
        socket.send(message).await.unwrap();
    }
    socket.send(&query(7, WEB, A, None)).await.unwrap();
    assert_eq!(decode(&receive(&socket).await).id, 7);
    let lines = [
        "kinglet_dns_ignored_total{server=\"dns://ADDRESS\",zone=\".\",view=\"\"} 3",
        "coredns_dns_responses_total{server=\"dns://ADDRESS\",zone=\"dropped\",view=\"\",rcode=\"FORMERR\",plugin=\"\"} 3",
        "coredns_dns_responses_total{server=\"dns://ADDRESS\",zone=\"dropped\",view=\"\",rcode=\"NOTIMP\",plugin=\"\"} 1",
        "coredns_dns_responses_total{server=\"dns://ADDRESS\",zone=\".\",view=\"\",rcode=\"NOERROR\",plugin=\"kubernetes\"} 1",
        "coredns_dns_requests_total{server=\"dns://ADDRESS\",zone=\".\",view=\"\",proto=\"udp\",family=\"1\",type=\"A\"} 2",
        "coredns_dns_request_duration_seconds_count{server=\"dns://ADDRESS\",zone=\".\",view=\"\"} 2",
        "coredns_dns_response_size_bytes_bucket{le=\"100.0\",server=\"dns://ADDRESS\",zone=\".\",view=\"\",proto=\"udp\"} 2",
    ];
    server.shows(&lines).await;
    server.stop().await;
}

#[tokio::test]
async fn pipelines_over_tcp() {
    let server = Server::start(vec![]).await;
    let mut connection = server.tcp().await;
    let together: Vec<u8> = (0..500).flat_map(|id| framed(&query(id, WEB, A, None))).collect();
    let (mut reader, mut writer) = connection.0.split();
    let send = async {
        // In pieces that split lengths and messages.
        for piece in together.chunks(7_777) {
            writer.write_all(piece).await.unwrap();
        }
        writer.shutdown().await.unwrap();
    };
    let read = async {
        let mut replies = Vec::new();
        reader.read_to_end(&mut replies).await.unwrap();
        replies
    };
    let ((), mut replies) = tokio::join!(send, read);
    let mut ids = Vec::new();
    while !replies.is_empty() {
        let rest = replies.split_off(2 + usize::from(u16::from_be_bytes([replies[0], replies[1]])));
        ids.push(decode(&replies[2..]).id);
        replies = rest;
    }
    ids.sort();
    assert_eq!(
        ids,
        (0..500).collect::<Vec<_>>(),
        "all are answered although the client closed its side"
    );
    server.stop().await;
}

#[tokio::test]
async fn one_bad_connection_harms_no_other() {
    let server = Server::with(DnsServerSettings {
        tcp: TcpSettings {
            idle: Duration::from_millis(300),
            read: Duration::from_millis(300),
            ..TcpSettings::default()
        },
        ..DnsServerSettings::default()
    })
    .await;
    // A length without a message, a message too short to be one, garbage, silence.
    let mut slow = server.tcp().await;
    slow.0.write_all(&[0, 40, 1, 2, 3]).await.unwrap();
    let mut short = server.tcp().await;
    short.0.write_all(&[0, 0, 0, 3, 1, 2, 3]).await.unwrap();
    let mut garbage = server.tcp().await;
    garbage.0.write_all(&framed(&[0xFF; 300])).await.unwrap();
    let mut silent = server.tcp().await;
    let mut good = server.tcp().await;
    good.send(&query(1, WEB, A, None)).await;
    assert_eq!(decode(&good.receive().await.unwrap()).answer.len(), 1);
    for connection in [&mut slow, &mut short, &mut garbage, &mut silent, &mut good] {
        assert_eq!(connection.receive().await, None, "closed");
    }
    assert_eq!(decode(&server.udp(&query(2, WEB, A, None)).await).answer.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn closes_connections_above_the_limit() {
    let server = Server::with(DnsServerSettings {
        tcp: TcpSettings {
            max_connections: 1,
            ..TcpSettings::default()
        },
        ..DnsServerSettings::default()
    })
    .await;
    let mut first = server.tcp().await;
    first.send(&query(1, WEB, A, None)).await;
    assert!(first.receive().await.is_some());
    assert_eq!(server.tcp().await.receive().await, None);
    first.send(&query(2, WEB, A, None)).await;
    assert!(first.receive().await.is_some());
    server.stop().await;
}

#[tokio::test]
async fn a_new_snapshot_is_answered_from_at_once() {
    let server = Server::start(vec![]).await;
    let name = "late.default.svc.cluster.local";
    assert_eq!(
        decode(&server.udp(&query(1, name, A, None)).await).rcode,
        Rcode::NXDOMAIN
    );
    let mut zone = support::zone();
    zone.apply_service(&kinglet_model::Service {
        metadata: kinglet_model::Meta {
            name: "late".into(),
            namespace: "default".into(),
            ..Default::default()
        },
        cluster_ips: vec![[10, 43, 0, 99].into()],
        ..Default::default()
    });
    server.snapshot.store(zone.snapshot(2));
    assert_eq!(
        decode(&server.udp(&query(2, name, A, None)).await).answer,
        ["A 10.43.0.99"]
    );
    server.stop().await;
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let server = Server::start(vec![]).await;
    let again = DnsServerSettings {
        listen: vec![server.address],
        ..DnsServerSettings::default()
    };
    let error: BindError = DnsServer::bind(again).err().unwrap();
    assert_eq!(error.address, server.address);
    assert_eq!(error.source.kind(), std::io::ErrorKind::AddrInUse);
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot listen on {} over ", server.address)),
        "{error}"
    );
    // Nor may another process join in because it is willing to share the port.
    let other = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    other.set_reuse_port(true).unwrap();
    other
        .bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into())
        .unwrap();
    let taken = other.local_addr().unwrap().as_socket().unwrap();
    let settings = DnsServerSettings {
        listen: vec![taken],
        ..DnsServerSettings::default()
    };
    assert_eq!(
        DnsServer::bind(settings).err().map(|error| error.transport),
        Some("UDP")
    );
    server.stop().await;
}

#[tokio::test]
async fn listens_on_all_addresses_and_replies_from_the_one_that_was_asked() {
    for (listen, asked) in [
        ("0.0.0.0:0", "127.0.0.7"),
        ("[::]:0", "127.0.0.7"),
        ("[::]:0", "::1"),
    ] {
        let server = DnsServer::bind(DnsServerSettings {
            listen: vec![listen.parse().unwrap()],
            workers: 1,
            ..DnsServerSettings::default()
        })
        .unwrap();
        let port = server.local_addr().port();
        let cancelled = tokio_util::sync::CancellationToken::new();
        let snapshot = std::sync::Arc::new(arc_swap::ArcSwap::new(support::zone().snapshot(1)));
        let task = tokio::spawn(server.serve(snapshot, cancelled.clone()));
        let any = if asked.contains(':') {
            "[::]:0"
        } else {
            "0.0.0.0:0"
        };
        let socket = UdpSocket::bind(any).await.unwrap();
        // A connected socket takes replies from the address only that it asked.
        let asked: std::net::IpAddr = asked.parse().unwrap();
        socket.connect((asked, port)).await.unwrap();
        socket.send(&query(1, WEB, A, None)).await.unwrap();
        assert_eq!(decode(&receive(&socket).await).answer.len(), 1, "{listen}");
        cancelled.cancel();
        tokio::time::timeout(support::DEADLINE, task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

mod random {
    use super::support::{Server, decode, query};
    use super::{A, WEB};
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use tokio::net::UdpSocket;

    /// Random octets, random changes of queries: whatever comes, the server answers the next query.
    #[tokio::test]
    async fn octets() {
        let server = Server::start(vec![]).await;
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut runner = TestRunner::deterministic();
        let garbage = prop::collection::vec(any::<u8>(), 0..600);
        let changes = prop::collection::vec((0..60_usize, any::<u8>()), 1..4);
        for _ in 0..2_000 {
            let message = garbage.new_tree(&mut runner).unwrap().current();
            socket.send_to(&message, server.address).await.unwrap();
            let mut message = query(1, WEB, A, Some(1232));
            for (at, value) in changes.new_tree(&mut runner).unwrap().current() {
                if let Some(octet) = message.get_mut(at) {
                    *octet = value;
                }
            }
            socket.send_to(&message, server.address).await.unwrap();
        }
        assert_eq!(decode(&server.udp(&query(2, WEB, A, None)).await).answer.len(), 1);
        server.stop().await;
    }
}
