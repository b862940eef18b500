//! Sets, maps, elements, chains and tables, as the kernel takes them and as `nft` prints them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use kinglet_nft::*;

use crate::compare::same_text;
use crate::harness::in_namespace;

fn v4(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn net(text: &str) -> IpNet {
    text.parse().expect("network")
}

/// A few values of each type.
fn values(data_type: DataType) -> Vec<Value> {
    let one = |index: u8| -> Value {
        let number = u32::from(index) + 1;
        match data_type {
            DataType::Ipv4Addr => v4(200 - index).into(),
            DataType::Ipv6Addr => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, number as u16, 9).into(),
            DataType::EtherAddr => Value::EtherAddr([2, 0, 0, 0, index, 1]),
            DataType::EtherType => Value::EtherType([0x0800, 0x86dd, 0x0806][usize::from(index) % 3]),
            DataType::InetProto => Value::InetProto([6, 17, 132, 1, 58, 47, 200, 51][usize::from(index)]),
            DataType::InetService => Value::InetService(8000 - u16::from(index) * 1000),
            DataType::Mark => Value::Mark(number << (4 * index)),
            DataType::IfIndex => Value::IfIndex(number * 1000),
            DataType::IfName => Value::interface(format!("veth{index}")),
            DataType::CtState => CtState([1, 2, 4, 8, 0x40][usize::from(index) % 5]).into(),
            DataType::CtStatus => CtStatus([1, 2, 4, 8, 16, 32][usize::from(index) % 6]).into(),
            DataType::CtDirection => [Direction::Reply, Direction::Original][usize::from(index) % 2].into(),
            DataType::NfProto => [L3::Ipv6, L3::Ipv4][usize::from(index) % 2].into(),
            DataType::AddressType => AddressType(number).into(),
            DataType::IcmpType => Value::IcmpType([8, 0, 3, 11, 5][usize::from(index) % 5]),
            DataType::Icmpv6Type => Value::Icmpv6Type(128 + index),
            DataType::Integer => Value::Integer(number),
        }
    };
    let mut values: Vec<Value> = (0..8).map(one).collect();
    values.sort();
    values.dedup();
    values.reverse();
    values
}

/// `nft` cannot read back what has no name of a type.
fn named() -> impl Iterator<Item = DataType> {
    DataType::ALL.into_iter().filter(|one| *one != DataType::Integer)
}

#[test]
fn elements_of_every_type() {
    in_namespace(|| {
        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t"));
        ruleset.chain(Chain::regular("target"), []);
        for one in named() {
            let elements = || values(one).into_iter().map(Element::new);
            let name = one.name();
            ruleset.set(Set::new(format!("s_{name}"), [one]), elements());
            let goto = || Verdict::goto("target");
            let verdicts = elements().map(|element| element.verdict(goto()));
            ruleset.set(Set::vmap(format!("v_{name}"), [one]), verdicts);
            let marks = elements().map(|element| element.to(Value::Mark(7)));
            ruleset.set(Set::map(format!("m_{name}"), [one], [DataType::Mark]), marks);
        }
        same_text(&ruleset);
    });
}

#[test]
fn concatenations_of_every_type() {
    in_namespace(|| {
        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t"));
        for one in named() {
            let name = one.name();
            let both = |(first, second): (Value, Value)| Element::new((first, second));
            let ports = values(DataType::InetService);
            let pairs = values(one).into_iter().zip(ports.clone()).map(both);
            ruleset.set(Set::new(format!("a_{name}"), [one, DataType::InetService]), pairs);
            let pairs = ports.into_iter().zip(values(one)).map(both);
            ruleset.set(Set::new(format!("b_{name}"), [DataType::InetService, one]), pairs);
        }
        same_text(&ruleset);
    });
}

#[test]
fn ranges() {
    in_namespace(|| {
        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t"));
        let last = Ipv4Addr::new(255, 255, 255, 255);
        let addresses = [
            Element::new(v4(1)),
            Element::prefix(net("192.168.0.0/16")),
            Element::range(v4(5), v4(9)),
            Element::range(v4(12), v4(15)),
            Element::range(Ipv4Addr::new(250, 0, 0, 0), last),
        ];
        let ports = [
            Element::range(0, 10),
            Element::new(80),
            Element::range(65_530, 65_535),
        ];
        let v6 = ["fd00::/8", "::1/128", "::ffff:0:0/96", "fe80::/10"].map(|text| Element::prefix(net(text)));
        let pairs = [
            Element::range((v4(0), 80), (v4(255), 90)),
            Element::new((v4(1), 70)),
            Element::range((Ipv4Addr::new(0, 0, 0, 0), 0), (last, 65_535)),
        ];
        let key = [DataType::Ipv4Addr, DataType::InetService];
        ruleset
            .set(
                Set::new("x_addresses", [DataType::Ipv4Addr]).interval(),
                addresses,
            )
            .set(
                Set::new("x_all", [DataType::Ipv4Addr]).interval().auto_merge(),
                [Element::prefix(net("0.0.0.0/0"))],
            )
            .set(
                Set::new("x_halves", [DataType::Ipv4Addr]).interval(),
                ["0.0.0.0/1", "128.0.0.0/1"].map(|text| Element::prefix(net(text))),
            )
            .set(Set::new("x_six", [DataType::Ipv6Addr]).interval(), v6)
            .set(Set::new("x_ports", [DataType::InetService]).interval(), ports)
            .set(
                Set::new("x_protocols", [DataType::InetProto]).interval(),
                [Element::new(Value::TCP)],
            )
            .set(Set::new("x_pairs", key).interval(), pairs)
            .set(
                Set::new(
                    "x_three",
                    [DataType::Ipv4Addr, DataType::InetProto, DataType::InetService],
                )
                .interval(),
                [Element::range((v4(0), Value::TCP, 1), (v4(127), Value::TCP, 9))],
            )
            .set(
                Set::vmap("x_verdicts", key).interval(),
                [Element::range((v4(0), 80), (v4(255), 90)).verdict(Verdict::Drop)],
            )
            .set(
                Set::map("x_marks", [DataType::Ipv4Addr], [DataType::Mark]).interval(),
                [
                    Element::prefix(net("10.0.0.0/8")).to(Value::Mark(1)),
                    Element::new(Ipv4Addr::LOCALHOST).to(Value::Mark(2)),
                ],
            );
        same_text(&ruleset);
    });
}

#[test]
fn properties() {
    in_namespace(|| {
        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t").comment("of a table").dormant(true));
        let address = [DataType::Ipv4Addr];
        let hour = Duration::from_secs(3600);
        let mut counted = Element::new(v4(3)).comment("counted");
        counted.counter = Some((4, 500));
        ruleset
            .counter(Counter::new("c").comment("of a counter"))
            .counter(Counter {
                packets: 1,
                bytes: 2,
                ..Counter::new("d")
            })
            .set(Set::new("x_constant", address).constant(), [Element::new(v4(1))])
            .set(
                Set::new("x_both", address).constant().interval(),
                [Element::new(v4(1))],
            )
            .set(
                Set::new("x_timeouts", address).timeouts(),
                [
                    Element::new(v4(1)).timeout(hour * 24),
                    Element::new(v4(2))
                        .timeout(Duration::from_millis(3_661_500))
                        .comment("short"),
                    Element::new(v4(3)),
                ],
            )
            .set(
                Set::new("x_timeout", address)
                    .timeout(hour)
                    .gc_interval(Duration::from_secs(90)),
                [Element::new(v4(1))],
            )
            .set(
                Set::new("x_dynamic", address)
                    .dynamic()
                    .timeout(hour)
                    .size(10)
                    .comment("of a set"),
                [],
            )
            .set(
                Set::new("x_counters", address).counters(),
                [counted, Element::new(v4(1))],
            )
            .set(
                Set::new("x_sized", [DataType::Ipv4Addr, DataType::InetService])
                    .interval()
                    .size(7),
                [],
            )
            .set(
                Set::map("x_ifaces", [DataType::IfName], [DataType::Mark]),
                [Element::new(Value::interface("eth0.100"))
                    .to(Value::Mark(1))
                    .comment("a")],
            )
            .chain(Chain::regular("plain").comment("of a chain"), [])
            .chain(
                Chain::base("based", ChainType::Filter, Hook::Forward, 0)
                    .policy(Policy::Drop)
                    .comment("x"),
                [],
            );
        same_text(&ruleset);
    });
}

#[test]
fn base_chains() {
    in_namespace(|| {
        let hooks = [
            Hook::Prerouting,
            Hook::Input,
            Hook::Forward,
            Hook::Output,
            Hook::Postrouting,
        ];
        let priorities = [
            -310, -301, -289, -200, -155, -111, -110, -100, -91, -89, -5, 0, 7, 50, 61, 89, 90, 100, 300,
        ];
        for family in [Family::Inet, Family::Ip, Family::Ip6, Family::Bridge] {
            let mut ruleset = Ruleset::new(Table::new(family, "t"));
            for hook in hooks {
                for value in priorities {
                    let name = format!("{hook:?}_{}", value + 1000).to_lowercase();
                    ruleset.chain(Chain::base(name, ChainType::Filter, hook, value), []);
                }
            }
            same_text(&ruleset);
        }
        let mut ruleset = Ruleset::new(Table::new(Family::Netdev, "t"));
        for hook in [Hook::Ingress, Hook::Egress] {
            let name = format!("{hook:?}").to_lowercase();
            let rule = Rule::new().saddr(v4(1).into()).is(Header::TcpDport, 80).drop();
            ruleset.chain(Chain::base(name, ChainType::Filter, hook, 0).device("lo"), [rule]);
        }
        same_text(&ruleset);
        let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t"));
        ruleset
            .chain(
                Chain::base("ing", ChainType::Filter, Hook::Ingress, 7).device("lo"),
                [],
            )
            .chain(
                Chain::base("route", ChainType::Route, Hook::Output, priority::MANGLE),
                [],
            );
        same_text(&ruleset);
        let mut ruleset = Ruleset::new(Table::new(Family::Bridge, "t"));
        let rule = Rule::new()
            .is(Header::EtherSaddr, Value::EtherAddr([2, 0, 0, 0, 0, 1]))
            .saddr(v4(1).into())
            .is(Header::TcpDport, 80)
            .drop();
        let arp = Rule::new().is(Header::EtherType, Value::EtherType(0x0806)).drop();
        ruleset.chain(
            Chain::base("fwd1", ChainType::Filter, Hook::Forward, -200),
            [rule, arp],
        );
        same_text(&ruleset);
    });
}
