//! What the zone does not know goes to upstreams: over UDP, over TCP where that is cut off, to the next where
//! one does not answer.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::net::SocketAddr;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use domain::base::iana::Rcode;
use kinglet_dns_server::{DnsServerSettings, Upstreams};
use support::{Server, Upstream, decode, query, reply_to};

const NAME: &str = "www.example.com";
const ALIAS: &str = "alias.default.svc.cluster.local";
const A: u16 = 1;
/// QR, RD, RA.
const REPLY: u16 = 0x8180;
/// The same, truncated.
const CUT: u16 = 0x8380;

#[tokio::test]
async fn forwards_and_restores_the_query() {
    let upstream = Upstream::start(|query, _| {
        let mut reply = reply_to(query, REPLY, 2);
        reply[12..].make_ascii_lowercase();
        Some(reply)
    })
    .await;
    let server = Server::start(vec![upstream.address]).await;
    let reply = decode(&server.udp(&query(7, "WWW.Example.com", A, None)).await);
    assert_eq!((reply.id, reply.authoritative), (7, false));
    assert_eq!(reply.answer, ["A 192.0.2.1", "A 192.0.2.2"]);
    assert_eq!(reply.owners[0], "WWW.Example.com.", "spelled as the client did");
    let mut connection = server.tcp().await;
    connection.send(&query(8, NAME, A, None)).await;
    assert_eq!(decode(&connection.receive().await.unwrap()).id, 8);
    let to = upstream.address;
    let lines = [
        "rcode=\"NOERROR\",plugin=\"forward\"} 2",
        &format!("coredns_forward_responses_total{{to=\"{to}\",rcode=\"NOERROR\"}} 2"),
        &format!(
            "coredns_proxy_request_duration_seconds_count{{proxy_name=\"forward\",to=\"{to}\",rcode=\"NOERROR\"}} 2"
        ),
    ];
    server.shows(&lines).await;
    server.stop().await;
}

#[tokio::test]
async fn reverse_names_without_owner_are_forwarded() {
    let upstream = Upstream::start(|query, _| Some(reply_to(query, REPLY | 3, 0))).await;
    let server = Server::start(vec![upstream.address]).await;
    let reply = decode(&server.udp(&query(1, "1.2.0.192.in-addr.arpa", 12, None)).await);
    assert_eq!(reply.rcode, Rcode::NXDOMAIN);
    assert_eq!(upstream.asked_udp.load(SeqCst), 1);
    server.stop().await;
}

#[tokio::test]
async fn asks_again_over_tcp_what_was_cut_off() {
    let upstream = Upstream::start(|query, tcp| {
        Some(if tcp {
            reply_to(query, REPLY, 40)
        } else {
            reply_to(query, CUT, 3)
        })
    })
    .await;
    let server = Server::start(vec![upstream.address]).await;
    let reply = decode(&server.udp(&query(1, NAME, A, Some(1232))).await);
    assert_eq!((reply.answer.len(), reply.truncated), (40, false));
    // A client that takes less gets what fits.
    let bytes = server.udp(&query(2, NAME, A, None)).await;
    let reply = decode(&bytes);
    assert_eq!((reply.answer.len(), reply.truncated), ((512 - 33) / 16, true));
    assert!(bytes.len() <= 512);
    assert_eq!(upstream.asked_tcp.load(SeqCst), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_cut_reply_is_passed_on_if_tcp_fails() {
    let upstream = Upstream::start(|query, tcp| (!tcp).then(|| reply_to(query, CUT, 3))).await;
    let server = Server::start(vec![upstream.address]).await;
    let reply = decode(&server.udp(&query(1, NAME, A, None)).await);
    assert_eq!((reply.answer.len(), reply.truncated), (3, true));
    server.stop().await;
}

#[tokio::test]
async fn goes_on_to_the_next_upstream() {
    let silent = Upstream::start(|_, _| None).await;
    let unwilling = Upstream::start(|query, _| Some(reply_to(query, REPLY | 5, 0))).await;
    let broken = Upstream::start(|query, _| Some(reply_to(query, REPLY, 3)[..40].to_vec())).await;
    let good = Upstream::start(|query, _| Some(reply_to(query, REPLY, 1))).await;
    let others = [&silent, &unwilling, &broken];
    let mut addresses: Vec<SocketAddr> = others.iter().map(|upstream| upstream.address).collect();
    addresses.push(good.address);
    let server = Server::start(addresses).await;
    for id in 0..12 {
        let reply = decode(&server.udp(&query(id, NAME, A, None)).await);
        assert_eq!((reply.rcode, reply.answer.len()), (Rcode::NOERROR, 1));
    }
    // The one that does not answer is asked last for a while, so not for each query.
    assert!(silent.asked_udp.load(SeqCst) <= 2);
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_is_passed_on_if_nobody_knows_better() {
    let unwilling = Upstream::start(|query, _| Some(reply_to(query, REPLY | 5, 0))).await;
    let server = Server::start(vec![unwilling.address]).await;
    assert_eq!(
        decode(&server.udp(&query(1, NAME, A, None)).await).rcode,
        Rcode::REFUSED
    );
    assert_eq!(unwilling.asked_udp.load(SeqCst), 1);
    server.stop().await;
}

#[tokio::test]
async fn ignores_replies_to_other_queries() {
    // Wrong id, wrong name: neither is believed.
    let forger = Upstream::start(|query, _| {
        let mut reply = reply_to(query, REPLY, 1);
        if query[1] & 1 == 0 {
            reply[0] ^= 1;
        } else {
            reply[13] = b'x';
        }
        Some(reply)
    })
    .await;
    let server = Server::start(vec![forger.address]).await;
    assert_eq!(
        decode(&server.udp(&query(1, NAME, A, None)).await).rcode,
        Rcode::SERVFAIL
    );
    server.stop().await;
}

#[tokio::test]
async fn fails_without_upstreams_and_never_asks_itself() {
    let server = Server::start(vec![]).await;
    assert_eq!(
        decode(&server.udp(&query(1, NAME, A, Some(1232))).await).rcode,
        Rcode::SERVFAIL
    );
    server.stop().await;
    let closed = SocketAddr::from(([127, 0, 0, 1], 9));
    let server = Server::start(vec![closed]).await;
    assert_eq!(
        decode(&server.udp(&query(2, NAME, A, None)).await).rcode,
        Rcode::SERVFAIL
    );
    server.stop().await;
}

#[tokio::test]
async fn refuses_more_than_may_wait() {
    let silent = Upstream::start(|_, _| None).await;
    let mut settings = DnsServerSettings::default();
    settings.forward.upstreams = Upstreams::Addresses(vec![silent.address]);
    settings.forward.max_in_flight = 1;
    settings.forward.attempt = Duration::from_secs(5);
    let server = Server::with(settings).await;
    let waiting = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    waiting
        .send_to(&query(1, NAME, A, None), server.address)
        .await
        .unwrap();
    while silent.asked_udp.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        decode(&server.udp(&query(2, NAME, A, None)).await).rcode,
        Rcode::REFUSED
    );
    assert!(
        server
            .metrics()
            .contains("coredns_forward_max_concurrent_rejects_total 1")
    );
    let mut connection = server.tcp().await;
    connection.send(&query(3, NAME, A, None)).await;
    assert_eq!(decode(&connection.receive().await.unwrap()).rcode, Rcode::REFUSED);
    // The zone does not wait for anybody.
    assert_eq!(
        decode(
            &server
                .udp(&query(4, "web.default.svc.cluster.local", A, None))
                .await
        )
        .answer
        .len(),
        1
    );
    server.stop().await;
}

#[tokio::test]
async fn follows_aliases_out_of_the_zone() {
    let upstream = Upstream::start(|query, _| Some(reply_to(query, REPLY, 2))).await;
    let server = Server::start(vec![upstream.address]).await;
    let reply = decode(&server.udp(&query(1, ALIAS, A, None)).await);
    assert_eq!(
        reply.answer,
        ["CNAME www.example.com.", "A 192.0.2.1", "A 192.0.2.2"]
    );
    assert_eq!(
        reply.owners,
        [&format!("{ALIAS}."), "www.example.com.", "www.example.com."]
    );
    assert!(reply.authoritative);
    server.stop().await;
}

#[tokio::test]
async fn an_alias_without_reply_has_no_data() {
    let server = Server::start(vec![]).await;
    let reply = decode(&server.udp(&query(1, ALIAS, A, None)).await);
    assert_eq!(
        (reply.rcode, reply.answer.len(), reply.authority.len()),
        (Rcode::NOERROR, 0, 1)
    );
    let reply = decode(&server.udp(&query(2, ALIAS, 5, None)).await);
    assert_eq!(reply.answer, ["CNAME www.example.com."]);
    server.stop().await;
}

#[tokio::test]
async fn an_alias_whose_target_does_not_exist_is_shown() {
    let upstream = Upstream::start(|query, _| Some(reply_to(query, REPLY | 3, 0))).await;
    let server = Server::start(vec![upstream.address]).await;
    let reply = decode(&server.udp(&query(1, ALIAS, A, None)).await);
    assert_eq!(
        (reply.rcode, reply.answer),
        (Rcode::NOERROR, vec!["CNAME www.example.com.".to_owned()])
    );
    server.stop().await;
}
