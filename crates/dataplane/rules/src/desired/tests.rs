//! Claims to shared elements.

use kinglet_nft::{Batch, Family, L3, Value, Verdict};

use super::*;
use crate::existing::ExistingTable;
use crate::settings::DataplaneSettings;
use crate::table::SetKind;

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
        comment: Some(chain.into()),
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
    desired
        .batches(&table(), &DataplaneSettings::default())
        .iter()
        .map(Batch::len)
        .sum()
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
fn chains_come_before_what_leads_to_them_and_go_after_it() {
    let mut desired = Desired::default();
    let mut lens = |service| {
        desired.apply(rank("web", 1), service);
        let batches = desired.batches(&table(), &DataplaneSettings::default());
        batches.iter().map(Batch::len).collect::<Vec<_>>()
    };
    // The chain; the element.
    assert_eq!(lens(claim("web")), [1, 1]);
    // The new chain; the element is deleted and added; the old chain is emptied and deleted.
    assert_eq!(lens(claim("other")), [1, 2, 2]);
    assert!(lens(claim("other")).is_empty());
}

/// What the kernel has after a batch with `claim`.
fn present(chain: &str) -> ExistingTable {
    let Objects { elements, chains } = claim(chain);
    ExistingTable {
        chains: chains.into_keys().collect(),
        elements,
        clients: Vec::new(),
    }
}

#[test]
fn what_is_adopted_changes_only_where_it_differs() {
    let settings = DataplaneSettings::default();
    for (wanted, had, expected) in [
        // The table is taken and the rules of the frame are written anew; the chain is emptied, as nobody
        // knows its rules.
        ("web", "web", [1].as_slice()),
        // The other chain comes; the element changes; the old chain goes.
        ("other", "web", &[1, 2, 2]),
    ] {
        let mut desired = Desired::default();
        desired.apply(rank("web", 1), claim(wanted));
        desired.adopt(&present(had));
        let batches = desired.batches(&table(), &settings);
        let lens: Vec<_> = batches.iter().map(Batch::len).collect();
        let [frame, lens @ ..] = lens.as_slice() else {
            panic!("no batches")
        };
        assert!(*frame > 20, "{frame}");
        assert_eq!(lens, expected, "{wanted} {had}");
        assert_eq!(messages(&mut desired), 0);
    }
}
