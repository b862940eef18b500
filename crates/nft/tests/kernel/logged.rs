//! Packets that rules log, received again.

use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use kinglet_nft::*;

use crate::harness::{commit, in_namespace};

const GROUP: u16 = 100;

/// Waits for so many packets.
fn receive(packets: &mut LoggedPackets, count: usize) -> Vec<Logged> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut received = Vec::new();
    while received.len() < count {
        received.extend(packets.receive().unwrap());
        assert!(Instant::now() < deadline, "{received:?}");
        std::thread::yield_now();
    }
    received
}

#[test]
fn refused_packets_are_told_with_whose_they_are() {
    in_namespace(|| {
        let mut packets = LoggedPackets::open(GROUP, 128, 1).unwrap();
        let taken = LoggedPackets::open(GROUP, 128, 1).unwrap_err();
        assert_eq!(taken.errno(), Some(libc::EPERM), "{taken}");

        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "denied"));
        let base = Chain::base("input", ChainType::Filter, Hook::Input, priority::FILTER);
        let log = Log {
            prefix: Some("ingress|abc".into()),
            group: Some(GROUP),
            ..Log::default()
        };
        let rules = [6_u8, 17].map(|protocol| {
            let rule = Rule::new().l4proto(Value::InetProto(protocol));
            rule.is(Header::ThDport, 81_u16)
                .with(Statement::Log(log.clone()))
                .drop()
        });
        ruleset.chain(base, rules);
        commit(&ruleset.replace());

        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.send_to(b"?", "127.0.0.1:81").unwrap();
        let v6 = UdpSocket::bind("[::1]:0").unwrap();
        v6.send_to(b"?", "[::1]:81").unwrap();
        let to: SocketAddr = "127.0.0.1:81".parse().unwrap();
        assert!(TcpStream::connect_timeout(&to, Duration::from_millis(50)).is_err());

        let received = receive(&mut packets, 3);
        for packet in &received {
            assert_eq!(
                (packet.prefix.as_str(), packet.hook, packet.mark),
                ("ingress|abc", 1, 0)
            );
            assert_eq!(
                (packet.input, packet.output),
                (Some(1), None),
                "by the loopback interface"
            );
        }
        let tuples: Vec<Tuple> = received.iter().filter_map(Logged::tuple).collect();
        let ends = |socket: &UdpSocket| {
            let from = socket.local_addr().unwrap();
            Tuple::new(17, (from.ip(), from.port()), (from.ip(), 81))
        };
        assert!(
            tuples.contains(&ends(&udp)) && tuples.contains(&ends(&v6)),
            "{tuples:?}"
        );
        assert!(
            tuples
                .iter()
                .any(|tuple| tuple.protocol == 6 && tuple.destination_port() == Some(81))
        );
        assert_eq!(
            packets
                .receive()
                .unwrap()
                .iter()
                .filter(|packet| packet.prefix != "ingress|abc")
                .count(),
            0
        );
    });
}
