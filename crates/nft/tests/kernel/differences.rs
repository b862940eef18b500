//! What others did to a table is found.

use std::net::Ipv4Addr;

use kinglet_nft::*;

use crate::harness::{in_namespace, nft};

/// One of everything.
fn ruleset() -> Ruleset {
    let address = |last| Ipv4Addr::new(10, 0, 0, last);
    let dispatch = Set::vmap("dispatch", [DataType::Ipv4Addr]);
    let ranges = Set::new("ranges", [DataType::Ipv4Addr]).interval();
    let counts = Set::new("counts", [DataType::Ipv4Addr]).dynamic().size(10);
    let mut ruleset = Ruleset::new(Table::new(Family::Inet, "t"));
    ruleset
        .set(
            Set::new("known", [DataType::Ipv4Addr]),
            [Element::new(address(1))],
        )
        .set(dispatch, [Element::new(address(1)).verdict(Verdict::jump("one"))])
        .set(
            ranges,
            [
                Element::range(address(8), address(15)),
                Element::range(address(16), address(17)),
            ],
        )
        .set(counts, [])
        .chain(
            Chain::regular("one"),
            [
                Rule::new().in_set(Header::IpSaddr, "known").counter().accept(),
                Rule::new().l4proto(Value::TCP).reject(Reject::TcpReset),
            ],
        )
        .chain(Chain::regular("empty"), [])
        .chain(
            Chain::base("main", ChainType::Filter, Hook::Input, priority::FILTER),
            [Rule::new().vmap(Header::IpDaddr, "dispatch")],
        );
    ruleset
}

#[test]
fn what_others_did_to_a_table_is_found() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let ruleset = ruleset();
        let found = |connection: &mut Connection| {
            let differences = connection.differences(&ruleset).unwrap();
            let each = differences.iter().map(ToString::to_string);
            each.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(found(&mut connection), "the table is missing");
        for (damage, expected) in [
            ("delete table inet t", "the table is missing"),
            ("add table inet t { flags dormant ; }", "the table's hooks"),
            ("flush set inet t known", "set known"),
            ("add element inet t known { 10.0.0.2 }", "set known"),
            (
                "delete element inet t ranges { 10.0.0.8-10.0.0.15 }",
                "set ranges",
            ),
            (
                "delete element inet t dispatch { 10.0.0.1 } ; add element inet t dispatch { 10.0.0.1 : accept }",
                "set dispatch",
            ),
            (
                "delete set inet t counts ; add set inet t counts { type ipv4_addr ; }",
                "set counts",
            ),
            ("delete set inet t ranges", "set ranges"),
            ("add set inet t more { type ipv4_addr ; }", "set more"),
            ("delete chain inet t empty", "chain empty"),
            ("add chain inet t more", "chain more"),
            ("add rule inet t empty accept", "chain empty"),
            ("flush chain inet t one", "chain one"),
            (
                "flush chain inet t one ; add rule inet t one ip saddr @known counter drop ; add rule inet t one meta l4proto tcp reject with tcp reset",
                "chain one",
            ),
            ("add chain inet t main { policy drop ; }", "chain main"),
        ] {
            connection.commit(&ruleset.replace()).unwrap();
            assert_eq!(found(&mut connection), "", "before {damage}");
            nft(damage);
            assert_eq!(found(&mut connection), expected, "{damage}");
        }
        // What is counted, and what happens to other tables, is no difference.
        connection.commit(&ruleset.replace()).unwrap();
        nft("add element inet t counts { 10.0.0.9 }");
        nft("add table ip t { chain one { } ; chain more { } ; set more { type ipv4_addr ; } ; }");
        assert_eq!(found(&mut connection), "");
    });
}
