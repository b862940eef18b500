//! A batch that fails: the error tells what and why, and nothing is applied.

use std::net::Ipv4Addr;

use kinglet_nft::*;

use crate::harness::{commit, in_namespace};

fn table() -> Table {
    Table::new(Family::Inet, "t")
}

fn rejection(connection: &mut Connection, batch: &Batch) -> Rejection {
    match connection.commit(batch) {
        Err(Error::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

fn addresses(count: u32) -> Vec<Element> {
    (0..count)
        .map(|index| Element::new(Ipv4Addr::from(0x0a00_0000 + index)))
        .collect()
}

#[test]
fn every_operation_at_fault_is_named_and_nothing_is_applied() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let mut batch = Batch::new();
        batch
            .add_table(&table())
            .add_chain(&table(), &Chain::regular("here"))
            .delete_chain(&table(), "gone")
            .add_rule(&table(), "here", &Rule::new().accept())
            .add_rule(&table(), "here", &Rule::new().jump("nowhere"))
            .delete_rule(&table(), "here", 4711);
        let rejection = rejection(&mut connection, &batch);
        let indexes: Vec<_> = rejection.failures.iter().map(|failure| failure.index).collect();
        assert_eq!(indexes, [Some(2), Some(4), Some(5)]);
        assert!(
            rejection
                .failures
                .iter()
                .all(|failure| failure.errno == libc::ENOENT)
        );
        assert_eq!(
            rejection.to_string(),
            "delete chain inet t gone: No such file or directory (os error 2); \
             add rule inet t here: No such file or directory (os error 2); \
             delete rule inet t here handle 4711: No such file or directory (os error 2)"
        );
        assert_eq!(connection.tables().unwrap(), []);
    });
}

#[test]
fn the_element_at_fault_is_named_across_messages() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let set = Set::map("x_map", [DataType::Ipv4Addr], [DataType::Mark]);
        let to = |mark| move |element: Element| element.to(Value::Mark(mark));
        let mut batch = Batch::new();
        batch.add_table(&table()).add_set(&table(), &set);
        let there: Vec<Element> = addresses(3_000)
            .into_iter()
            .skip(2_345)
            .take(1)
            .map(to(1))
            .collect();
        batch.add_elements(&table(), &set, &there);
        connection.commit(&batch).unwrap();

        let mut batch = Batch::new();
        let all: Vec<Element> = addresses(3_000).into_iter().map(to(2)).collect();
        batch.add_elements(&table(), &set, &all);
        let failure = rejection(&mut connection, &batch).failures.remove(0);
        assert_eq!((failure.errno, failure.element), (libc::EEXIST, Some(2_345)));
        assert_eq!(connection.elements(&table(), &set).unwrap(), there);

        let mut batch = Batch::new();
        batch
            .delete_elements(&table(), &set, &there)
            .delete_elements(&table(), &set, &addresses(5));
        let failure = rejection(&mut connection, &batch).failures.remove(0);
        assert_eq!(
            (failure.index, failure.errno, failure.element),
            (Some(1), libc::ENOENT, Some(0))
        );
        assert_eq!(connection.elements(&table(), &set).unwrap(), there);
    });
}

#[test]
fn ranges_that_overlap_are_named() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let set = Set::new("x_set", [DataType::Ipv4Addr]).interval();
        let net = |text: &str| Element::prefix(text.parse().unwrap());
        let mut batch = Batch::new();
        batch.add_table(&table()).add_set(&table(), &set);
        let elements = [net("192.168.0.0/16"), net("10.0.0.0/8"), net("10.1.0.0/16")];
        batch.add_elements(&table(), &set, &elements);
        let rejection = rejection(&mut connection, &batch);
        assert_eq!(rejection.failures[0].element, Some(2), "{rejection}");
        assert_eq!(connection.tables().unwrap(), []);
    });
}

#[test]
fn a_thousand_failures_are_reported() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let mut batch = Batch::new();
        batch.add_table(&table());
        for number in 0..1_000 {
            batch.delete_chain(&table(), &format!("chain{number}"));
        }
        let rejection = rejection(&mut connection, &batch);
        assert_eq!((rejection.failures.len(), rejection.truncated), (1_000, false));
        assert_eq!(
            rejection.failures[999].operation.as_ref().unwrap().name,
            "chain999"
        );
    });
}

#[test]
fn changes_of_others_are_noticed() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let generation = connection.generation().unwrap();
        let mut batch = Batch::new();
        batch.add_table(&table()).expect_generation(generation);
        let mut foreign = Batch::new();
        foreign.add_table(&Table::new(Family::Ip, "foreign"));
        commit(&foreign);
        let error = connection.commit(&batch).unwrap_err();
        assert!(error.is_stale(), "{error}");
        assert_eq!(error.errno(), Some(libc::ERESTART));
        batch.expect_generation(connection.generation().unwrap());
        connection.commit(&batch).unwrap();
        assert_eq!(connection.tables().unwrap().len(), 2);
    });
}

#[test]
fn a_check_applies_nothing() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let mut batch = Batch::new();
        batch.create_table(&table());
        connection.check(&batch).unwrap();
        assert_eq!(connection.tables().unwrap(), []);
        connection.commit(&batch).unwrap();
        let error = connection.check(&batch).unwrap_err();
        assert_eq!(error.errno(), Some(libc::EEXIST));
    });
}

#[test]
fn what_cannot_be_encoded_is_not_sent() {
    in_namespace(|| {
        let mut connection = Connection::open().unwrap();
        let set = Set::new("x_set", [DataType::Ipv4Addr]);
        let mut batch = Batch::new();
        batch.add_table(&table()).add_set(&table(), &set);
        batch.add_elements(&table(), &set, &[Element::new(80)]);
        let error = connection.commit(&batch).unwrap_err();
        let expected = "add elements of set inet t x_set: value of type inet_service, expected ipv4_addr";
        assert_eq!(error.to_string(), expected);
        let mut batch = Batch::new();
        batch.add_table(&Table::new(Family::Inet, "a\0b"));
        assert!(matches!(connection.commit(&batch), Err(Error::Invalid { .. })));
        let mut batch = Batch::new();
        batch.add_table(&Table::new(Family::Ip6, "t"));
        batch.add_rule(
            &Table::new(Family::Ip6, "t"),
            "c",
            &Rule::new().is(Header::IpSaddr, Ipv4Addr::LOCALHOST),
        );
        let error = connection.commit(&batch).unwrap_err();
        let expected = "add rule ip6 t c: ip saddr does not exist in a table of family ip6";
        assert_eq!(error.to_string(), expected);
        assert_eq!(connection.tables().unwrap(), []);
        connection.commit(&Batch::new()).unwrap();
    });
}
