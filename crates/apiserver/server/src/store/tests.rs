//! Conditional writes, groups and history; random sequences against a plain map.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const SMALL: HistoryLimits = HistoryLimits {
    events: 8,
    bytes: 1 << 20,
};

fn key(name: &str) -> Key {
    Key {
        collection: "g/things".into(),
        name: kinglet_model::ObjectName::new("ns", name),
    }
}

fn object(number: u64) -> Value {
    json!({"metadata": {"labels": {"n": number.to_string()}}, "n": number})
}

fn run<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

#[test]
fn a_write_happens_only_on_the_expected_state() {
    let store = Store::open(None).unwrap();
    let put = || Change::Put(object(1));
    let first = run(store.write(key("a"), Expected::Absent, put())).unwrap();
    assert_eq!(
        run(store.write(key("a"), Expected::Absent, put())).unwrap_err(),
        WriteError::Exists
    );
    assert_eq!(
        run(store.write(key("b"), Expected::Revision(1), put())).unwrap_err(),
        WriteError::Missing
    );
    let second = run(store.write(key("a"), Expected::Revision(first.revision), put())).unwrap();
    let stale = Expected::Revision(first.revision);
    assert_eq!(
        run(store.write(key("a"), stale, Change::Delete)).unwrap_err(),
        WriteError::Conflict
    );
    assert_eq!(
        second.value()["metadata"]["resourceVersion"],
        second.revision.to_string()
    );
    assert_eq!(second.labels.get("n").map(AsRef::as_ref), Some("1"));
}

#[test]
fn proposals_of_one_group_see_each_other() {
    let store = Store::open(None).unwrap();
    // All are queued before the first is answered.
    let writes = (0..50).map(|_| store.write(key("a"), Expected::Absent, Change::Put(object(1))));
    let outcomes = run(futures::future::join_all(writes));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[test]
fn whoever_loses_against_another_of_the_group_sees_that_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Some(&directory.path().join("store"))).unwrap();
    let mut last = run(store.write(key("a"), Expected::Absent, Change::Put(object(0)))).unwrap();
    for round in 1..50 {
        let seen = Expected::Revision(last.revision);
        let write = || async {
            let outcome = store.write(key("a"), seen, Change::Put(object(round))).await;
            (outcome, store.get(&key("a")).unwrap())
        };
        let outcomes = run(futures::future::join_all([write(), write(), write()]));
        for (outcome, found) in outcomes {
            assert_ne!(found.revision, last.revision, "{outcome:?}");
        }
        last = store.get(&key("a")).unwrap();
    }
}

#[test]
fn history_forgets_the_oldest() {
    let store = Store::open_with(None, SMALL).unwrap();
    for number in 0..20 {
        run(store.write(
            key(&number.to_string()),
            Expected::Absent,
            Change::Put(object(number)),
        ))
        .unwrap();
    }
    assert_eq!(store.events_after("g/things", 11, 100).unwrap_err(), Compacted);
    let batch = store.events_after("g/things", 12, 100).unwrap();
    assert_eq!((batch.events.len(), batch.position), (8, 20));
    let batch = store.events_after("g/things", 12, 3).unwrap();
    assert_eq!((batch.events.len(), batch.position), (3, 15));
    assert!(store.list("g/things", None, Some(11)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The store against a plain list of snapshots: every revision that is still known is shown as it was.
    #[test]
    fn earlier_revisions_are_shown_as_they_were(steps in prop::collection::vec((0_u8..5, any::<bool>()), 1..40)) {
        let store = Store::open(None).unwrap();
        let mut model: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
        let mut snapshots = vec![model.clone()];
        for (number, (name, delete)) in steps.into_iter().enumerate() {
            let name = name.to_string();
            let expected = model.get(&name).map_or(Expected::Absent, |revision| Expected::Revision(*revision));
            let change = if delete { Change::Delete } else { Change::Put(object(number as u64)) };
            if delete && expected == Expected::Absent {
                continue;
            }
            let stored = run(store.write(key(&name), expected, change)).unwrap();
            if delete {
                model.remove(&name);
            } else {
                model.insert(name, stored.revision);
            }
            snapshots.push(model.clone());
        }
        for (revision, snapshot) in snapshots.iter().enumerate() {
            let listing = store.list("g/things", Some("ns"), Some(revision as u64)).unwrap();
            let found: std::collections::BTreeMap<String, u64> =
                listing.objects.iter().map(|stored| (stored.name.name.to_string(), stored.revision)).collect();
            prop_assert_eq!(&found, snapshot);
        }
    }
}
