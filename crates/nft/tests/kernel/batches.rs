//! Batches that change what is there, and large ones.

use std::net::{Ipv4Addr, Ipv6Addr};

use kinglet_nft::*;

use crate::harness::in_namespace;

fn table() -> Table {
    Table::new(Family::Inet, "t")
}

fn add(connection: &mut Connection, set: &Set, elements: &[Element]) {
    let mut batch = Batch::new();
    batch
        .add_table(&table())
        .add_set(&table(), set)
        .add_elements(&table(), set, elements);
    connection.commit(&batch).unwrap();
}

#[test]
fn ten_thousand_elements_in_one_batch() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let address = |index: u32| Ipv4Addr::from(0x0a00_0000 + index * 2);
        let sets = [
            Set::new("x_hash", [DataType::Ipv4Addr]),
            Set::new("x_ranges", [DataType::Ipv4Addr]).interval(),
            Set::new("x_pairs", [DataType::Ipv4Addr, DataType::InetService]),
            Set::new("x_six", [DataType::Ipv6Addr]),
        ];
        for set in &sets {
            let key = |index: u32| -> Data {
                match set.key.as_slice() {
                    [DataType::Ipv4Addr] => address(index).into(),
                    [DataType::Ipv6Addr] => Ipv6Addr::from(u128::from(index) << 64).into(),
                    _ => (address(index), 80).into(),
                }
            };
            let elements: Vec<Element> = (0..10_000).map(|index| Element::new(key(index))).collect();
            add(&mut connection, set, &elements);
            let mut listed = connection.elements(&table(), set).unwrap();
            listed.sort_by(|one, other| one.key.cmp(&other.key));
            assert!(listed == elements, "{}: {} elements", set.name, listed.len());
            let mut batch = Batch::new();
            batch.delete_elements(&table(), set, &elements[1..]);
            connection.commit(&batch).unwrap();
            assert_eq!(connection.elements(&table(), set).unwrap(), elements[..1]);
        }
    });
}

#[test]
fn an_element_is_replaced_in_one_batch() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        for interval in [false, true] {
            let mut set = Set::vmap(format!("x_{interval}"), [DataType::Ipv4Addr]);
            set.interval = interval;
            let element = Element::new(Ipv4Addr::LOCALHOST);
            let old = [element.clone().verdict(Verdict::Drop)];
            let new = [element.verdict(Verdict::Accept)];
            add(&mut connection, &set, &old);
            let mut batch = Batch::new();
            batch
                .delete_elements(&table(), &set, &old)
                .add_elements(&table(), &set, &new);
            connection.commit(&batch).unwrap();
            assert_eq!(connection.elements(&table(), &set).unwrap(), new);
        }
    });
}

#[test]
fn objects_that_refer_to_one_another_come_and_go_together() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let set = Set::vmap("x_map", [DataType::InetService]);
        let elements = [Element::new(80).verdict(Verdict::goto("target"))];
        let mut batch = Batch::new();
        batch
            .add_table(&table())
            .add_chain(&table(), &Chain::regular("target"))
            .add_chain(&table(), &Chain::base("main", ChainType::Filter, Hook::Input, 0))
            .add_set(&table(), &set)
            .add_elements(&table(), &set, &elements)
            .add_rule(&table(), "main", &Rule::new().vmap(Header::TcpDport, "x_map"));
        connection.commit(&batch).unwrap();
        let mut busy = Batch::new();
        busy.delete_chain(&table(), "target");
        assert_eq!(connection.commit(&busy).unwrap_err().errno(), Some(libc::EBUSY));
        let mut batch = Batch::new();
        batch
            .flush_chain(&table(), "main")
            .delete_elements(&table(), &set, &elements)
            .delete_set(&table(), "x_map")
            .delete_chain(&table(), "target");
        connection.commit(&batch).unwrap();
        let chains = connection.chains(&table()).unwrap();
        assert_eq!(
            chains.iter().map(|chain| chain.name.as_str()).collect::<Vec<_>>(),
            ["main"]
        );
        assert_eq!(connection.sets(&table()).unwrap(), []);
    });
}

#[test]
fn rules_are_kept_in_the_order_of_addition() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let rule = |comment: &str| Rule::new().accept().comment(comment);
        let mut batch = Batch::new();
        batch
            .add_table(&table())
            .add_chain(&table(), &Chain::regular("c"))
            .add_rule(&table(), "c", &rule("a"))
            .add_rule(&table(), "c", &rule("b"))
            .add_rule(&table(), "c", &rule("c"));
        connection.commit(&batch).unwrap();
        let listed = connection.rules(&table(), Some("c")).unwrap();
        let mut batch = Batch::new();
        batch
            .delete_rule(&table(), "c", listed[1].handle)
            .add_rule(&table(), "c", &rule("d"));
        connection.commit(&batch).unwrap();
        let listed = connection.rules(&table(), None).unwrap();
        let comments: Vec<_> = listed.iter().map(|rule| rule.comment.clone().unwrap()).collect();
        assert_eq!(comments, ["a", "c", "d"]);
        let mut batch = Batch::new();
        batch.flush_chain(&table(), "c");
        connection.commit(&batch).unwrap();
        assert_eq!(connection.rules(&table(), None).unwrap(), []);
    });
}

#[test]
fn elements_that_may_be_missing_are_destroyed() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let set = Set::new("x_set", [DataType::Ipv4Addr]);
        let elements = [Element::new(Ipv4Addr::LOCALHOST)];
        let mut batch = Batch::new();
        batch
            .add_table(&table())
            .add_set(&table(), &set)
            .destroy_elements(&table(), &set, &elements);
        connection.commit(&batch).unwrap();
        add(&mut connection, &set, &elements);
        let mut batch = Batch::new();
        batch.destroy_elements(&table(), &set, &elements);
        connection.commit(&batch).unwrap();
        assert_eq!(connection.elements(&table(), &set).unwrap(), []);
    });
}
