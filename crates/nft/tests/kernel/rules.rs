//! Statements that compare, as the kernel takes it and as `nft` prints it.

use std::net::{Ipv4Addr, Ipv6Addr};

use kinglet_nft::*;

use crate::compare::{filter_chain, same_rules};
use crate::harness::in_namespace;

fn v4(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn v6(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last)
}

fn net(text: &str) -> IpNet {
    text.parse().expect("network")
}

fn rule() -> Rule {
    Rule::new()
}

#[test]
fn headers() {
    in_namespace(|| {
        let rules = vec![
            rule().saddr(v4(1).into()).accept(),
            rule().daddr(v6(1).into()).drop(),
            rule().is_not(Header::IpSaddr, v4(1)).accept(),
            rule().is(Header::TcpDport, 80).accept(),
            rule().is(Header::UdpSport, 53).accept(),
            rule().is(Header::SctpDport, 9).accept(),
            rule().is(Header::ThDport, 80).accept(),
            rule().l4proto(Value::TCP).is(Header::ThDport, 80).accept(),
            rule()
                .l4proto(Value::TCP)
                .saddr(v4(1).into())
                .is(Header::TcpSport, 5)
                .accept(),
            rule().is(Header::IpProtocol, Value::TCP).accept(),
            rule()
                .is(Header::IpProtocol, Value::TCP)
                .is(Header::ThDport, 80)
                .accept(),
            rule().is(Header::Ip6Nexthdr, Value::UDP).accept(),
            rule().is(Header::IcmpType, Value::IcmpType(8)).accept(),
            rule().is(Header::Icmpv6Type, Value::Icmpv6Type(134)).accept(),
            rule()
                .is(Header::EtherSaddr, Value::EtherAddr([0, 17, 34, 51, 68, 85]))
                .accept(),
            rule().between(Header::TcpDport, 80, 90).accept(),
            rule().outside(Header::TcpDport, 80, 90).accept(),
            rule().between(Header::IpSaddr, v4(1), v4(9)).accept(),
            rule().between(Header::IpSaddr, v4(2), v4(3)).accept(),
            rule().ordered(Header::TcpDport, Operator::Greater, 1024).accept(),
            rule().ordered(Header::TcpDport, Operator::Less, 1024).accept(),
            rule().ordered(Header::TcpDport, Operator::AtLeast, 1024).accept(),
            rule().ordered(Header::TcpDport, Operator::AtMost, 1024).accept(),
        ];
        same_rules(Family::Inet, filter_chain(), rules);
    });
}

#[test]
fn networks() {
    in_namespace(|| {
        let rules = vec![
            rule().within(Header::IpSaddr, net("10.0.0.0/8")).accept(),
            rule().within(Header::IpSaddr, net("10.16.0.0/12")).accept(),
            rule().not_within(Header::IpDaddr, net("10.0.0.0/16")).accept(),
            rule().not_within(Header::IpDaddr, net("10.0.0.0/15")).accept(),
            rule().within(Header::IpSaddr, net("10.0.0.1/32")).accept(),
            rule().within(Header::IpSaddr, net("0.0.0.0/0")).accept(),
            rule().within(Header::Ip6Saddr, net("fd00::/8")).accept(),
            rule().within(Header::Ip6Saddr, net("fd00::/33")).accept(),
            rule().not_within(Header::Ip6Daddr, net("fd00::/64")).accept(),
            rule()
                .within(Ct::Saddr(Direction::Original, L3::Ipv4), net("10.0.0.0/24"))
                .accept(),
            rule()
                .masked(
                    Header::IpSaddr,
                    Ipv4Addr::new(0, 0, 0, 255),
                    Operator::Is,
                    Ipv4Addr::new(0, 0, 0, 5),
                )
                .accept(),
            rule()
                .masked(
                    Header::IpSaddr,
                    Ipv4Addr::new(255, 254, 0, 0),
                    Operator::Is,
                    Ipv4Addr::new(10, 0, 0, 0),
                )
                .accept(),
        ];
        same_rules(Family::Inet, filter_chain(), rules);
    });
}

#[test]
fn packets() {
    in_namespace(|| {
        let rules = vec![
            rule().is(Meta::NfProto, L3::Ipv4).accept(),
            rule()
                .is(Meta::NfProto, L3::Ipv4)
                .is(Header::TcpDport, 80)
                .accept(),
            rule().is(Meta::NfProto, L3::Ipv4).saddr(v4(1).into()).accept(),
            rule()
                .is(Meta::NfProto, L3::Ipv4)
                .l4proto(Value::TCP)
                .saddr(v4(1).into())
                .accept(),
            rule()
                .is(Meta::NfProto, L3::Ipv6)
                .saddr(v6(1).into())
                .is(Header::TcpDport, 80)
                .accept(),
            rule().l4proto(Value::UDP).accept(),
            rule().l4proto(Value::ICMPV6).accept(),
            rule().is_not(Meta::L4Proto, Value::TCP).accept(),
            rule().is(Meta::Protocol, Value::EtherType(0x0806)).accept(),
            rule().is(Meta::Protocol, Value::EtherType(0x0800)).accept(),
            rule().is(Meta::Mark, Value::Mark(5)).accept(),
            rule()
                .between(Meta::Mark, Value::Mark(5), Value::Mark(10))
                .accept(),
            rule()
                .outside(Meta::Mark, Value::Mark(5), Value::Mark(10))
                .accept(),
            rule()
                .ordered(Meta::Mark, Operator::Greater, Value::Mark(5))
                .accept(),
            rule().any_bit(Meta::Mark, Value::Mark(0xf0)).accept(),
            rule().no_bit(Meta::Mark, Value::Mark(0xf0)).accept(),
            rule()
                .masked(Meta::Mark, Value::Mark(0xff), Operator::Is, Value::Mark(5))
                .accept(),
            rule()
                .masked(
                    Meta::Mark,
                    Value::Mark(0xff00_0000),
                    Operator::Is,
                    Value::Mark(0x100_0000),
                )
                .accept(),
            rule().is(Meta::IifName, Value::interface("eth0")).accept(),
            rule().is_not(Meta::OifName, Value::interface("eth0")).accept(),
            rule().name_prefix(Meta::IifName, "cali").accept(),
            rule().not_name_prefix(Meta::IifName, "veth").accept(),
            rule().is(Meta::Iif, Value::IfIndex(1)).accept(),
            rule().is(Meta::Oif, Value::IfIndex(77)).accept(),
        ];
        same_rules(Family::Inet, filter_chain(), rules);
    });
}

#[test]
fn connections() {
    in_namespace(|| {
        use Direction::{Original, Reply};
        let rules = vec![
            rule().ct_state(CtState::ESTABLISHED | CtState::RELATED).accept(),
            rule().ct_state(CtState::INVALID).drop(),
            rule().no_bit(Ct::State, CtState::NEW).accept(),
            rule().is_not(Ct::State, CtState::NEW).accept(),
            rule().is(Ct::State, CtState::NEW).accept(),
            rule()
                .is_not(Ct::State, CtState::ESTABLISHED | CtState::RELATED)
                .accept(),
            rule().ct_status(CtStatus::DNAT).accept(),
            rule().ct_status(CtStatus::SNAT | CtStatus::DNAT).accept(),
            rule().ct_status_not(CtStatus::DNAT).returns(),
            rule()
                .masked(Ct::Status, CtStatus::DNAT, Operator::Is, CtStatus::DNAT)
                .accept(),
            rule().ct_mark_bit(0x8000_0000).drop(),
            rule().ct_mark_bit(0x4000).drop(),
            rule()
                .masked(Ct::Mark, Value::Mark(0xf), Operator::Is, Value::Mark(0xf))
                .accept(),
            rule().is(Ct::Direction, Original).accept(),
            rule().is(Ct::Saddr(Original, L3::Ipv4), v4(1)).accept(),
            rule().is(Ct::Daddr(Reply, L3::Ipv6), v6(1)).accept(),
            rule().is(Ct::Protocol, Value::TCP).accept(),
            rule().is(Ct::L3Proto, L3::Ipv6).accept(),
            rule().l4proto(Value::TCP).is(Ct::ProtoDst(Original), 80).accept(),
            rule().l4proto(Value::UDP).is(Ct::ProtoSrc(Reply), 80).accept(),
            rule().notrack(),
        ];
        let chain = Chain::base("main", ChainType::Filter, Hook::Prerouting, priority::RAW);
        same_rules(Family::Inet, chain, rules);
    });
}

#[test]
fn computed_fields() {
    in_namespace(|| {
        let first =
            |key: Key| rule().vmap_of(key, [Element::new(Value::Integer(3)).verdict(Verdict::Accept)]);
        let hash = |over: Key, seed, offset| Jhash {
            over: Box::new(over),
            modulus: 4,
            seed,
            offset,
        };
        let saddr: Key = Header::IpSaddr.into();
        let rules = vec![
            rule().to_local().accept(),
            rule().is(Fib::SADDR_TYPE, AddressType::LOCAL).accept(),
            rule()
                .is_not(Fib::DADDR_TYPE.iif(), AddressType::UNICAST)
                .accept(),
            rule()
                .is(Fib::SADDR_TYPE.mark().iif().interface(), Value::IfIndex(0))
                .drop(),
            rule()
                .is(Fib::SADDR_TYPE.interface_name(), Value::interface("eth0"))
                .drop(),
            rule().is(Numgen::increment(2), Value::Integer(0)).accept(),
            first(Numgen::random(4).offset(3).into()),
            first(Field::Symhash(4, 0).into()),
            first(Field::Symhash(4, 3).into()),
            first(hash(saddr.clone(), None, 0).into()),
            first(hash((Header::IpSaddr, Header::TcpDport).into(), Some(0xab), 3).into()),
            rule().set_mark_from(Mark::Meta, MarkSource::Field(hash(saddr, None, 0).into())),
            rule().set_mark_from(
                Mark::Meta,
                MarkSource::Field(Numgen::increment(7).offset(2).into()),
            ),
        ];
        let chain = Chain::base("main", ChainType::Filter, Hook::Prerouting, priority::FILTER);
        same_rules(Family::Inet, chain, rules);
    });
}

#[test]
fn sets_in_rules() {
    in_namespace(|| {
        let ports = |ports: &[u16]| ports.iter().map(|port| Element::new(*port)).collect::<Vec<_>>();
        let rules = vec![
            rule().one_of(Header::TcpDport, ports(&[443, 80])).accept(),
            rule().none_of(Header::TcpDport, ports(&[443, 80])).accept(),
            rule()
                .one_of(Header::TcpDport, [Element::new(80), Element::range(1000, 2000)])
                .accept(),
            rule()
                .one_of(
                    Header::TcpDport,
                    [Element::range(0, 10), Element::range(60_000, 65_535)],
                )
                .accept(),
            rule().one_of(
                Header::IpSaddr,
                [
                    Element::prefix(net("10.0.0.0/8")),
                    Element::new(Ipv4Addr::LOCALHOST),
                ],
            ),
            rule()
                .one_of(Meta::L4Proto, [Value::UDP, Value::TCP])
                .is(Header::ThDport, 53)
                .accept(),
            rule()
                .one_of(Meta::NfProto, [Value::from(L3::Ipv4), Value::from(L3::Ipv6)])
                .accept(),
            rule()
                .one_of(Meta::IifName, [Value::interface("lo"), Value::interface("eth0")])
                .accept(),
            rule()
                .one_of(
                    Ct::State,
                    [Value::from(CtState::NEW), Value::from(CtState::ESTABLISHED)],
                )
                .accept(),
            rule()
                .one_of(
                    Fib::DADDR_TYPE,
                    [AddressType::LOCAL, AddressType::BROADCAST].map(Value::from),
                )
                .accept(),
            rule()
                .one_of((Header::IpSaddr, Header::TcpDport), [Element::new((v4(1), 80))])
                .accept(),
            rule()
                .one_of(
                    (Header::IpSaddr, Header::IpDaddr),
                    [
                        Element::new((v4(1), v4(2))),
                        Element::range((v4(0), v4(5)), (Ipv4Addr::new(10, 0, 0, 255), v4(9))),
                    ],
                )
                .accept(),
            rule()
                .l4proto(Value::TCP)
                .one_of((Meta::L4Proto, Header::ThDport), [Element::new((Value::TCP, 80))]),
            rule().vmap_of(
                Header::TcpDport,
                [
                    Element::new(443).verdict(Verdict::Drop),
                    Element::new(80).verdict(Verdict::Accept),
                ],
            ),
            rule().vmap_of(
                Header::IpSaddr,
                [Element::prefix(net("10.0.0.0/8")).verdict(Verdict::Return)],
            ),
            rule().vmap_of(
                (Header::IpSaddr, Header::TcpDport),
                [Element::new((v4(1), 80)).verdict(Verdict::Drop)],
            ),
            rule()
                .one_of(Header::IcmpType, [Value::IcmpType(8), Value::IcmpType(0)])
                .accept(),
        ];
        same_rules(Family::Inet, filter_chain(), rules);
    });
}
