//! Lists of what the kernel has.

use std::net::Ipv4Addr;
use std::time::Duration;

use kinglet_nft::*;

use crate::harness::{in_namespace, nft_load};

#[test]
fn objects_are_listed() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let table = Table::new(Family::Inet, "t").dormant(true);
        let mut ruleset = Ruleset::new(table.clone());
        ruleset
            .counter(Counter {
                packets: 3,
                bytes: 4,
                ..Counter::new("hits").comment("of hits")
            })
            .set(Set::new("x_set", [DataType::Ipv4Addr, DataType::InetService]), [])
            .set(Set::vmap("x_map", [DataType::Mark]), [])
            .chain(
                Chain::regular("one"),
                [Rule::new().accept().comment("first"), Rule::new().drop()],
            )
            .chain(
                Chain::base("two", ChainType::Filter, Hook::Input, 0),
                [
                    Rule::new().jump("one"),
                    Rule::new().one_of(Header::TcpDport, [Element::new(80)]).accept(),
                ],
            );
        connection.commit(&ruleset.replace()).unwrap();
        nft_load(
            "table inet other { chain one { accept comment \"foreign\"\n }\n }\ntable ip t { chain x { drop\n }\n }",
        );

        let listed = connection.table(&table).unwrap().unwrap();
        assert!(listed.dormant);
        assert_eq!((listed.ownership, listed.owner), (Ownership::Shared, None));
        assert_eq!(connection.table(&Table::new(Family::Ip6, "t")).unwrap(), None);
        let chains = connection.chains(&table).unwrap();
        let chains: Vec<_> = chains
            .iter()
            .map(|chain| (chain.name.as_str(), chain.base, chain.uses))
            .collect();
        assert_eq!(chains, [("one", false, 3), ("two", true, 2)]);
        let rules = connection.rules(&table, None).unwrap();
        let verdicts: Vec<_> = rules.iter().map(|rule| rule.verdict.clone()).collect();
        let expected = [
            Verdict::Accept,
            Verdict::Drop,
            Verdict::jump("one"),
            Verdict::Accept,
        ];
        assert_eq!(verdicts, expected.map(Some));
        let rules: Vec<_> = rules
            .iter()
            .map(|rule| (rule.chain.as_str(), rule.comment.as_deref()))
            .collect();
        assert_eq!(
            rules,
            [
                ("one", Some("first")),
                ("one", None),
                ("two", None),
                ("two", None)
            ]
        );
        let sets = connection.sets(&table).unwrap();
        let sets: Vec<_> = sets
            .iter()
            .map(|set| {
                (
                    set.name.as_str(),
                    set.map,
                    set.anonymous,
                    set.key.clone().unwrap().len(),
                )
            })
            .collect();
        assert_eq!(
            sets,
            [
                ("x_set", false, false, 2),
                ("x_map", true, false, 1),
                ("__set0", false, true, 1)
            ]
        );
        assert_eq!(connection.counters(&table).unwrap(), ruleset.counters);
    });
}

#[test]
fn nothing_is_listed_of_what_is_not_there() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let table = Table::new(Family::Inet, "none");
        assert_eq!(connection.tables().unwrap(), []);
        assert_eq!(connection.chains(&table).unwrap(), []);
        assert_eq!(connection.rules(&table, None).unwrap(), []);
        assert_eq!(connection.rules(&table, Some("c")).unwrap(), []);
        assert_eq!(connection.sets(&table).unwrap(), []);
        assert_eq!(connection.counters(&table).unwrap(), []);
        let error = connection
            .elements(&table, &Set::new("s", [DataType::Mark]))
            .unwrap_err();
        assert_eq!(error.errno(), Some(libc::ENOENT));
    });
}

#[test]
fn elements_are_read_as_they_were_written() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let table = Table::new(Family::Inet, "t");
        let v4 = |last| Ipv4Addr::new(10, 0, 0, last);
        let all = Ipv4Addr::new(255, 255, 255, 255);
        let mut counted = Element::new(v4(9));
        counted.counter = Some((7, 800));
        let hour = Duration::from_secs(3600);
        let sets = [
            (
                Set::new("x_a", [DataType::IfName]),
                vec![Element::new(Value::interface("eth0")).comment("an interface")],
            ),
            (
                Set::new("x_b", [DataType::Ipv4Addr]).interval(),
                vec![
                    Element::new(v4(1)),
                    Element::range(v4(4), v4(7)),
                    Element::range(v4(8), v4(9)),
                    Element::range(Ipv4Addr::new(128, 0, 0, 0), all),
                ],
            ),
            (
                Set::new("x_c", [DataType::Ipv4Addr, DataType::InetService]).interval(),
                vec![
                    Element::range((v4(0), 1), (v4(255), 9)),
                    Element::new((v4(1), 80)),
                ],
            ),
            (
                Set::vmap("x_d", [DataType::InetService]).interval(),
                vec![
                    Element::range(0, 9).verdict(Verdict::jump("c")),
                    Element::new(10).verdict(Verdict::Drop),
                ],
            ),
            (
                Set::map(
                    "x_e",
                    [DataType::Integer],
                    [DataType::Ipv4Addr, DataType::InetService],
                ),
                vec![Element::new(Value::Integer(258)).to((v4(1), 80)).comment("one")],
            ),
            (Set::new("x_f", [DataType::Ipv4Addr]).counters(), vec![counted]),
            (
                Set::new("x_g", [DataType::Ipv4Addr]).timeouts(),
                vec![Element::new(v4(1)).timeout(hour)],
            ),
        ];
        let mut ruleset = Ruleset::new(table.clone());
        ruleset.chain(Chain::regular("c"), []);
        for (set, elements) in sets.clone() {
            ruleset.set(set, elements);
        }
        connection.commit(&ruleset.replace()).unwrap();
        for (set, elements) in &sets {
            let mut listed = connection.elements(&table, set).unwrap();
            for element in &mut listed {
                let expires = element.expires.take();
                assert_eq!(expires.is_some(), set.timeouts);
                assert!(expires.unwrap_or_default() <= hour);
            }
            assert_eq!(&listed, elements, "{}", set.name);
        }
    });
}

#[test]
fn elements_that_another_program_wrote_are_read() {
    in_namespace(|| {
        nft_load(
            "table inet t { set x_s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.1 }\n }\n }",
        );
        let mut connection = Connection::open().unwrap();
        let set = Set::new("x_s", [DataType::Ipv4Addr]).interval();
        let listed = connection.elements(&Table::new(Family::Inet, "t"), &set).unwrap();
        let expected = [
            Element::prefix("10.0.0.0/8".parse().unwrap()),
            Element::new(Ipv4Addr::new(192, 168, 0, 1)),
        ];
        assert_eq!(listed, expected);
        let wrong = Set::new("x_s", [DataType::Ipv6Addr]);
        let error = connection
            .elements(&Table::new(Family::Inet, "t"), &wrong)
            .unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{error}");
    });
}
