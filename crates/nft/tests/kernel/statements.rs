//! Statements but matches, as the kernel takes them and as `nft` prints them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use kinglet_nft::*;

use crate::compare::{filter_chain, same_rules, same_text};
use crate::harness::in_namespace;

fn v4(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn v6(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last)
}

fn rule() -> Rule {
    Rule::new()
}

#[test]
fn logs_and_limits() {
    in_namespace(|| {
        let log = Log::default;
        let rules = vec![
            rule().log(log()),
            rule().log(Log {
                prefix: Some("in|abc ".into()),
                group: Some(100),
                snaplen: Some(64),
                ..log()
            }),
            rule().log(Log {
                group: Some(5),
                threshold: Some(3),
                ..log()
            }),
            rule().log(Log {
                level: Some(7),
                ..log()
            }),
            rule().log(Log {
                level: Some(4),
                prefix: Some("x".into()),
                ..log()
            }),
            rule().log(Log {
                flags: LogFlags::TCP_SEQUENCE | LogFlags::TCP_OPTIONS,
                ..log()
            }),
            rule().log(Log {
                flags: LogFlags::IP_OPTIONS | LogFlags::SKUID,
                ..log()
            }),
            rule().log(Log {
                flags: LogFlags::ETHER,
                ..log()
            }),
            rule().log(Log {
                level: Some(3),
                flags: LogFlags::ALL,
                ..log()
            }),
            rule().limit(Limit::packets(10, Unit::Second)).accept(),
            rule().limit(Limit::packets(10, Unit::Minute).burst(10)).accept(),
            rule()
                .limit(Limit::packets(10, Unit::Hour).over().burst(20))
                .drop(),
            rule().limit(Limit::bytes(100 * 1024, Unit::Second)).accept(),
            rule()
                .limit(Limit::bytes(2 << 20, Unit::Minute).burst(5 * 1024))
                .accept(),
            rule().limit(Limit::bytes(1025, Unit::Day).over().burst(5)).drop(),
            rule().counter().comment("counts; \u{e4}"),
            rule().accept().comment("x".repeat(127)),
        ];
        same_rules(Family::Inet, filter_chain(), rules);
    });
}

#[test]
fn rejections() {
    in_namespace(|| {
        let mut rules = vec![
            rule().reject(Reject::TcpReset),
            rule().is(Header::TcpDport, 80).reject(Reject::TcpReset),
            rule().l4proto(Value::TCP).reject(Reject::TcpReset),
            rule()
                .l4proto(Value::TCP)
                .saddr(v4(1).into())
                .reject(Reject::TcpReset),
            rule().saddr(v4(1).into()).reject(Reject::Icmp(3)),
            rule().is(Meta::NfProto, L3::Ipv4).reject(Reject::Icmp(1)),
            rule().reject(Reject::PORT_UNREACHABLE),
        ];
        rules.extend([0, 1, 2, 3, 9, 10, 13].map(|code| rule().reject(Reject::Icmp(code))));
        rules.extend([0, 1, 3, 4, 5, 6].map(|code| rule().reject(Reject::Icmpv6(code))));
        rules.extend([0, 2, 3].map(|code| rule().reject(Reject::Icmpx(code))));
        same_rules(Family::Inet, filter_chain(), rules);
        let rules = vec![
            rule().reject(Reject::Icmp(3)),
            rule().reject(Reject::Icmp(1)),
            rule().reject(Reject::TcpReset),
            rule().l4proto(Value::TCP).reject(Reject::TcpReset),
            rule()
                .l4proto(Value::TCP)
                .saddr(v4(1).into())
                .reject(Reject::TcpReset),
            rule().is(Header::TcpDport, 80).reject(Reject::TcpReset),
            rule().l4proto(Value::TCP).accept(),
        ];
        same_rules(Family::Ip, filter_chain(), rules);
        let rules = vec![rule().reject(Reject::Icmpv6(4)), rule().reject(Reject::Icmpv6(1))];
        same_rules(Family::Ip6, filter_chain(), rules);
    });
}

#[test]
fn marks() {
    in_namespace(|| {
        let bits = |field: Field, mask, xor| MarkSource::Bits { field, mask, xor };
        let (mark, ct): (Field, Field) = (Meta::Mark.into(), Ct::Mark.into());
        let rules = vec![
            rule().set_mark(0x10),
            rule().set_ct_mark(0x8000_0000),
            rule().set_mark_from(Mark::Ct, MarkSource::Field(mark.clone())),
            rule().set_mark_from(Mark::Meta, MarkSource::Field(ct.clone())),
            rule().set_mark_from(Mark::Meta, bits(mark.clone(), 0xff, 0)),
            rule().set_mark_from(Mark::Meta, bits(mark.clone(), !0x10, 0x10)),
            rule().set_mark_from(Mark::Meta, bits(mark.clone(), u32::MAX, 0xff)),
            rule().set_mark_from(Mark::Ct, bits(ct, 0xffff_fff0, 2)),
            rule().set_mark_from(Mark::Ct, bits(mark, 0xffff_00ff, 0x100)),
        ];
        same_rules(Family::Inet, filter_chain(), rules);
    });
}

#[test]
fn translations() {
    in_namespace(|| {
        let nat = |kind, target, flags| Nat {
            kind,
            family: L3::Ipv4,
            target,
            flags,
        };
        let range = NatTarget::Addresses(IpAddr::V4(v4(1)), IpAddr::V4(v4(9)));
        let pair = NatTarget::Addresses(IpAddr::V4(v4(2)), IpAddr::V4(v4(3)));
        let rules = vec![
            rule().dnat(v4(1).into(), None),
            rule().l4proto(Value::TCP).dnat(v4(1).into(), Some(80)),
            rule().is(Header::UdpDport, 53).dnat(v6(1).into(), Some(5353)),
            rule().dnat(v6(1).into(), None),
            rule().with(nat(
                NatKind::Destination,
                range,
                NatFlags::RANDOM | NatFlags::PERSISTENT,
            )),
            rule().with(nat(NatKind::Destination, pair, NatFlags::FULLY_RANDOM)),
            rule().l4proto(Value::TCP).redirect(8080),
            rule()
                .l4proto(Value::TCP)
                .with(Statement::Redirect(Some((80, 90)), NatFlags::RANDOM)),
            rule().with(Statement::Redirect(None, NatFlags::NONE)),
        ];
        let chain = || Chain::base("main", ChainType::Nat, Hook::Prerouting, priority::DSTNAT - 10);
        same_rules(Family::Inet, chain(), rules);
        let rules = vec![
            rule().dnat(v4(1).into(), None),
            rule().l4proto(Value::TCP).dnat(v4(1).into(), Some(80)),
        ];
        same_rules(Family::Ip, chain(), rules);
        let rules = vec![
            rule().dnat(v6(1).into(), None),
            rule().l4proto(Value::TCP).dnat(v6(1).into(), Some(80)),
        ];
        same_rules(Family::Ip6, chain(), rules);
        let rules = vec![
            rule().snat(v4(1).into()),
            rule().masquerade(NatFlags::NONE),
            rule()
                .ct_status(CtStatus::DNAT)
                .masquerade(NatFlags::FULLY_RANDOM),
            rule()
                .l4proto(Value::TCP)
                .with(Statement::Masquerade(Some((1024, 2000)), NatFlags::RANDOM)),
        ];
        let chain = Chain::base("main", ChainType::Nat, Hook::Postrouting, priority::SRCNAT - 10);
        same_rules(Family::Inet, chain, rules);
    });
}

#[test]
fn maps_and_changes_of_sets() {
    in_namespace(|| {
        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t"));
        let client = [DataType::Ipv4Addr, DataType::InetProto, DataType::InetService];
        let endpoint = [DataType::Ipv4Addr, DataType::InetService];
        ruleset
            .counter(Counter::new("hits"))
            .set(
                Set::map("aff", client, endpoint)
                    .dynamic()
                    .timeouts()
                    .size(65_536),
                [],
            )
            .set(
                Set::new("seen", [DataType::Ipv4Addr])
                    .dynamic()
                    .timeout(Duration::from_secs(60))
                    .size(100),
                [],
            )
            .set(Set::new("pairs", [DataType::Ipv4Addr, DataType::Ipv4Addr]), [])
            .set(Set::new("ports", [DataType::InetService]), [])
            .set(Set::new("counts", [DataType::Ipv4Addr]).dynamic().size(10), [])
            .set(Set::map("marks", [DataType::Ipv4Addr], [DataType::Mark]), [])
            .set(Set::map("both", endpoint, [DataType::Mark]), [])
            .set(Set::new("rates", endpoint).dynamic().size(10), [])
            .set(
                Set::vmap("dispatch", [DataType::InetProto, DataType::InetService]),
                [],
            )
            .set(Set::map("only", [DataType::Ipv4Addr], [DataType::Ipv4Addr]), [])
            .set(
                Set::map("eps", [DataType::Integer], endpoint)
                    .typeof_key(Numgen::random(2))
                    .typeof_data((Header::IpDaddr, Header::ThDport)),
                [
                    Element::new(Value::Integer(256)).to((v4(1), 80)),
                    Element::new(Value::Integer(1)).to((v4(2), 80)),
                ],
            );
        let client = (Header::IpSaddr, Meta::L4Proto, Header::ThDport);
        let tcp = || rule().l4proto(Value::TCP);
        let only = NatTarget::Map {
            key: Header::IpSaddr.into(),
            map: "only".into(),
            port: false,
            update: None,
        };
        let nat = Nat {
            kind: NatKind::Destination,
            family: L3::Ipv4,
            target: only,
            flags: NatFlags::NONE,
        };
        let limited = Dynset {
            operation: DynsetOperation::Add,
            set: "seen".into(),
            key: Header::IpDaddr.into(),
            data: None,
            timeout: Some(Duration::from_secs(90)),
            statements: vec![Limit::packets(10, Unit::Second).over().into()],
        };
        let rules = vec![
            rule().vmap((Meta::L4Proto, Header::ThDport), "dispatch"),
            tcp().vmap((Meta::L4Proto, Header::ThDport), "dispatch"),
            rule()
                .in_set((Header::IpSaddr, Header::IpDaddr), "pairs")
                .counter_named("hits"),
            tcp().in_set(Ct::ProtoDst(Direction::Original), "ports").accept(),
            rule().not_in_set(Header::TcpDport, "ports").accept(),
            rule().update("seen", Header::IpSaddr, None),
            rule().with(limited),
            rule().with(Dynset {
                operation: DynsetOperation::Delete,
                set: "seen".into(),
                key: Header::IpSaddr.into(),
                data: None,
                timeout: None,
                statements: Vec::new(),
            }),
            rule().with(Dynset {
                operation: DynsetOperation::Add,
                set: "counts".into(),
                key: Header::IpSaddr.into(),
                data: None,
                timeout: None,
                statements: vec![Statement::Counter],
            }),
            rule().update_map("aff", client, Some(Duration::from_secs(10)), (v4(7), 80)),
            tcp().dnat_map(L3::Ipv4, Numgen::random(2).offset(4), "eps"),
            rule().with(nat),
            tcp().dnat_map(L3::Ipv4, client, "aff"),
            rule().set_mark_from(
                Mark::Meta,
                MarkSource::Map(Header::IpSaddr.into(), "marks".into()),
            ),
            rule().is(Header::TcpDport, 80).set_mark_from(
                Mark::Ct,
                MarkSource::Map((Header::IpSaddr, Header::ThDport).into(), "both".into()),
            ),
            rule().with(Dynset {
                operation: DynsetOperation::Update,
                set: "rates".into(),
                key: (Header::IpSaddr, Header::TcpDport).into(),
                data: None,
                timeout: None,
                statements: vec![
                    Limit::packets(5, Unit::Minute).burst(7).into(),
                    Statement::Counter,
                ],
            }),
        ];
        ruleset.chain(
            Chain::base("pre", ChainType::Nat, Hook::Prerouting, priority::DSTNAT),
            rules,
        );
        same_text(&ruleset);
    });
}

/// What statements do not use; the kernel must take it.
#[test]
fn raw_expressions() {
    in_namespace(|| {
        let at = |index| Register::new(index).unwrap();
        let bitwise = |operation| Expression::Bitwise {
            from: at(0),
            into: at(1),
            len: 4,
            operation,
        };
        let payload = |len| Expression::Payload {
            into: at(0),
            base: Base::Network,
            offset: 12,
            len,
        };
        let write = Expression::PayloadWrite {
            from: at(1),
            base: Base::Network,
            offset: 16,
            len: 4,
            checksum: Some(10),
            pseudo_header: true,
        };
        let order = Expression::Byteorder {
            from: at(0),
            into: at(2),
            order: ByteOrder::ToHost,
            len: 4,
            size: 4,
        };
        let range = Expression::Range {
            from: at(0),
            inverted: false,
            first: vec![10, 0, 0, 0],
            last: vec![10, 0, 0, 9],
        };
        let compare = Expression::Compare {
            from: at(2),
            comparison: Comparison::Greater,
            octets: vec![0; 4],
        };
        let expressions = vec![
            payload(4),
            bitwise(BitwiseOperation::ShiftLeft(3)),
            bitwise(BitwiseOperation::ShiftRight(3)),
            range,
            order,
            compare,
            write,
            Expression::Verdict(Verdict::Continue),
        ];
        let mut ruleset = Ruleset::new(Table::new(Family::Ip, "t"));
        ruleset.chain(
            filter_chain(),
            [rule().with(Statement::Raw(expressions)).with(Verdict::Continue)],
        );
        let mut connection = Connection::open().unwrap();
        connection.commit(&ruleset.replace()).unwrap();
        assert_eq!(connection.rules(&ruleset.table, None).unwrap().len(), 1);
        assert_eq!(
            (Register::new(16), at(12).after(16), at(15).after(4)),
            (None, None, None)
        );
        assert_eq!(at(0).after(5), Register::new(2));
    });
}
