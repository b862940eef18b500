//! Claims to shared elements.

use kinglet_nft::{Batch, Family, L3, Value, Verdict};

use super::*;
use crate::frame::SetKind;

fn table() -> kinglet_nft::Table {
    kinglet_nft::Table::new(Family::Inet, "t")
}

fn rank(name: &str, created: i64) -> Rank {
    Rank {
        created: Some(created),
        name: ObjectName::new("default", name),
    }
}

fn slot() -> Slot {
    let key = Data::from((Value::TCP, 30_080));
    (SetKind::NodePorts.of(L3::Ipv4), key)
}

/// A claim to one port of the node, that leads to a chain.
fn claim(chain: &str) -> Objects {
    let mut objects = Objects::default();
    let verdict = Mapped::Verdict(Verdict::goto(chain));
    objects.elements.insert(slot(), Some(verdict));
    let body = Body {
        comment: None,
        rules: Vec::new(),
    };
    objects.chains.insert(chain.into(), body);
    objects
}

fn winner(desired: &Desired) -> Option<String> {
    match desired.content(&slot())?? {
        Mapped::Verdict(verdict) => verdict.chain().map(str::to_owned),
        Mapped::Data(_) => None,
    }
}

/// Messages of the next batch.
fn messages(desired: &mut Desired) -> usize {
    Batch::len(&desired.changes(&table()))
}

#[test]
fn the_oldest_service_has_what_several_claim() {
    let mut desired = Desired::default();
    desired.apply(rank("young", 2), claim("young"));
    assert_eq!(winner(&desired).as_deref(), Some("young"));
    // A chain and an element.
    assert_eq!(messages(&mut desired), 2);
    desired.apply(rank("old", 1), claim("old"));
    desired.apply(rank("also-old", 1), claim("also-old"));
    assert_eq!(winner(&desired).as_deref(), Some("also-old"));
    // Two chains; the element is deleted and added.
    assert_eq!(messages(&mut desired), 4);
    desired.remove(&ObjectName::new("default", "also-old"));
    assert_eq!(winner(&desired).as_deref(), Some("old"));
    desired.remove(&ObjectName::new("default", "old"));
    desired.remove(&ObjectName::new("default", "young"));
    assert_eq!(winner(&desired), None);
    assert!(desired.claims.is_empty() && desired.chain_claims.is_empty() && desired.services.is_empty());
    // Three chains are emptied and deleted, and the element.
    assert_eq!(messages(&mut desired), 7);
}

#[test]
fn what_changes_back_is_no_change() {
    let mut desired = Desired::default();
    desired.apply(rank("web", 1), claim("web"));
    messages(&mut desired);
    desired.apply(rank("web", 1), claim("other"));
    desired.apply(rank("web", 1), claim("web"));
    desired.remove(&ObjectName::new("default", "web"));
    desired.apply(rank("web", 1), claim("web"));
    assert_eq!(messages(&mut desired), 0);
}

#[test]
fn a_service_that_was_made_again_has_the_age_of_the_new_one() {
    let mut desired = Desired::default();
    desired.apply(rank("one", 1), claim("one"));
    desired.apply(rank("two", 2), claim("two"));
    assert_eq!(winner(&desired).as_deref(), Some("one"));
    desired.apply(rank("one", 3), claim("one"));
    assert_eq!(winner(&desired).as_deref(), Some("two"));
}

#[test]
fn new_chains_may_come_first() {
    let mut desired = Desired::default();
    desired.apply(rank("web", 1), claim("web"));
    assert_eq!(desired.additions(&table()).len(), 1);
    assert!(desired.additions(&table()).is_empty());
    // Only the element is left.
    assert_eq!(messages(&mut desired), 1);
    desired.apply(rank("web", 1), claim("other"));
    assert_eq!(desired.additions(&table()).len(), 1);
    // It is gone again before anything led to it: it is emptied and deleted.
    desired.apply(rank("web", 1), claim("web"));
    assert_eq!(messages(&mut desired), 2);
}
