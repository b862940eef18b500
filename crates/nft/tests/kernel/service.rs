//! The tables of a service proxy and of network policy: everything that they need, together.

use std::net::Ipv4Addr;
use std::time::Duration;

use kinglet_nft::*;

use crate::compare::same_text;
use crate::harness::in_namespace;

const VIP: [DataType; 3] = [DataType::Ipv4Addr, DataType::InetProto, DataType::InetService];
const PROTO_PORT: [DataType; 2] = [DataType::InetProto, DataType::InetService];
const PAIR: [DataType; 2] = [DataType::Ipv4Addr, DataType::Ipv4Addr];
const ENDPOINT: [DataType; 2] = [DataType::Ipv4Addr, DataType::InetService];

fn pod(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, 0, last)
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn service_sets(ruleset: &mut Ruleset) {
    let goto = |key: Data| Element::new(key).verdict(Verdict::goto("svc_1"));
    let service = Ipv4Addr::new(10, 96, 0, 1);
    let drop = Element::new((Value::TCP, 81)).verdict(Verdict::goto("refuse"));
    let endpoint = |index, last| Element::new(Value::Integer(index)).to((pod(last), 8080));
    let numbers = Set::map("eps4", [DataType::Integer], ENDPOINT)
        .typeof_key(Numgen::random(2))
        .typeof_data((Header::IpDaddr, Header::ThDport));
    ruleset
        .set(
            Set::vmap("port_new", PROTO_PORT),
            [goto((Value::TCP, 80).into()), goto((Value::UDP, 53).into())],
        )
        .set(
            Set::vmap("vip_new", VIP),
            [goto((service, Value::TCP, 80).into())],
        )
        .set(Set::vmap("port_fw", PROTO_PORT), [drop])
        .set(numbers, [endpoint(4, 1), endpoint(5, 2)])
        .set(
            Set::map("aff4", VIP, ENDPOINT)
                .dynamic()
                .timeout(Duration::from_secs(10_800))
                .size(65_536),
            [],
        )
        .set(Set::new("masq_tcp", [DataType::InetService]), [Element::new(80)])
        .set(
            Set::new("local_eps4", [DataType::Ipv4Addr]),
            [Element::new(pod(1))],
        )
        .set(Set::new("hairpin4", PAIR), [Element::new((pod(1), pod(1)))])
        .set(
            Set::new("ranges", [DataType::Ipv4Addr]).interval(),
            [Element::prefix(net("192.168.0.0/16"))],
        );
}

#[test]
fn a_service_proxy() {
    in_namespace(|| {
        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "kinglet-lb"));
        service_sets(&mut ruleset);
        let to_port = || (Meta::L4Proto, Header::ThDport);
        let tcp_or_udp = || Rule::new().one_of(Meta::L4Proto, [Value::TCP, Value::UDP]);
        let local = || {
            Rule::new()
                .to_local()
                .not_within(Header::IpDaddr, net("127.0.0.0/8"))
        };
        let client = (Header::IpSaddr, Meta::L4Proto, Header::ThDport);
        let masquerade = |rule: Rule| rule.masquerade(NatFlags::FULLY_RANDOM);
        let nat = |name, hook, priority| Chain::base(name, ChainType::Nat, hook, priority);
        ruleset
            .chain(
                Chain::regular("refuse"),
                [
                    Rule::new().l4proto(Value::TCP).reject(Reject::TcpReset),
                    Rule::new().reject(Reject::PORT_UNREACHABLE),
                ],
            )
            .chain(
                Chain::regular("svc_1"),
                [tcp_or_udp().dnat_map(L3::Ipv4, Numgen::random(2).offset(4), "eps4")],
            )
            .chain(
                Chain::regular("ep_1"),
                [
                    Rule::new().update_map("aff4", client, None, (pod(1), 8080)),
                    tcp_or_udp().dnat(pod(1).into(), Some(8080)),
                ],
            )
            .chain(
                Chain::base(
                    "before",
                    ChainType::Filter,
                    Hook::Prerouting,
                    priority::DSTNAT - 11,
                ),
                [
                    Rule::new()
                        .ct_state(CtState::NEW)
                        .to_local()
                        .vmap(to_port(), "port_fw"),
                    Rule::new()
                        .is(Header::TcpDport, 80)
                        .not_in_set(Header::IpSaddr, "ranges")
                        .drop(),
                ],
            )
            .chain(
                nat("pre", Hook::Prerouting, priority::DSTNAT - 10),
                [
                    local().vmap(to_port(), "port_new"),
                    Rule::new().vmap((Header::IpDaddr, Meta::L4Proto, Header::ThDport), "vip_new"),
                ],
            )
            .chain(
                nat("out", Hook::Output, -110),
                [local().vmap(to_port(), "port_new")],
            )
            .chain(
                nat("post", Hook::Postrouting, priority::SRCNAT - 10),
                [
                    Rule::new().ct_status_not(CtStatus::DNAT).returns(),
                    masquerade(Rule::new().in_set((Header::IpSaddr, Header::IpDaddr), "hairpin4")),
                    masquerade(
                        Rule::new()
                            .l4proto(Value::TCP)
                            .in_set(Ct::ProtoDst(Direction::Original), "masq_tcp")
                            .not_in_set(Header::IpDaddr, "local_eps4")
                            .not_within(Header::IpSaddr, net("10.1.0.0/16")),
                    ),
                ],
            );
        same_text(&ruleset);
    });
}

#[test]
fn network_policy() {
    in_namespace(|| {
        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "kinglet-netpol"));
        let (v4, v6) = ([DataType::Ipv4Addr], [DataType::Ipv6Addr]);
        let jump = |last, chain| Element::new(pod(last)).verdict(Verdict::jump(chain));
        let blocks = ["10.0.0.0/9", "172.16.0.0/12"].map(|text| Element::prefix(net(text)));
        let log = Log {
            prefix: Some("in|0a1b".into()),
            group: Some(100),
            ..Log::default()
        };
        let both = |header: fn(L3) -> Header, sets: [&str; 2]| {
            [L3::Ipv4, L3::Ipv6]
                .into_iter()
                .zip(sets)
                .map(|(family, set)| Rule::new().vmap(header(family), set))
                .collect::<Vec<_>>()
        };
        let mut forward = vec![
            Rule::new().ct_mark_bit(0x8000_0000).goto("deny"),
            Rule::new()
                .ct_state(CtState::ESTABLISHED | CtState::RELATED)
                .accept(),
            Rule::new()
                .in_set((Header::IpSaddr, Header::IpDaddr), "self4")
                .accept(),
        ];
        forward.extend(both(Header::saddr, ["eg4", "eg6"]));
        forward.extend(both(Header::daddr, ["in4", "in6"]));
        ruleset
            .counter(Counter::new("denied"))
            .set(Set::vmap("in4", v4), [jump(1, "i_0a1b"), jump(2, "i_0a1b")])
            .set(Set::vmap("in6", v6), [])
            .set(Set::vmap("eg4", v4), [])
            .set(Set::vmap("eg6", v6), [])
            .set(Set::new("self4", PAIR), [Element::new((pod(1), pod(1)))])
            .set(Set::new("p4_1", v4), [Element::new(pod(7)).comment("ns/pod")])
            .set(Set::new("c4_1", v4).interval(), blocks)
            .set(Set::new("f4_1", VIP), [Element::new((pod(7), Value::TCP, 80))])
            .set(Set::new("known4", v4), [])
            .chain(
                Chain::regular("deny"),
                [
                    Rule::new()
                        .limit(Limit::packets(10, Unit::Minute).burst(10))
                        .log(log),
                    Rule::new()
                        .in_set(Header::IpSaddr, "c4_1")
                        .not_in_set(Header::IpSaddr, "known4")
                        .drop(),
                    Rule::new().counter_named("denied"),
                    Rule::new().l4proto(Value::TCP).reject(Reject::TcpReset),
                    Rule::new().reject(Reject::PORT_UNREACHABLE),
                ],
            )
            .chain(
                Chain::regular("i_0a1b"),
                [
                    Rule::new()
                        .in_set(Header::IpSaddr, "p4_1")
                        .is(Header::TcpDport, 80)
                        .returns(),
                    Rule::new()
                        .in_set(Header::IpSaddr, "c4_1")
                        .between(Header::UdpDport, 1000, 2000)
                        .returns(),
                    Rule::new()
                        .in_set((Header::IpSaddr, Meta::L4Proto, Header::ThDport), "f4_1")
                        .returns(),
                    Rule::new().goto("deny").comment("profile 0a1b"),
                ],
            )
            .chain(
                Chain::base("np_forward", ChainType::Filter, Hook::Forward, priority::FILTER),
                forward,
            );
        same_text(&ruleset);
    });
}
