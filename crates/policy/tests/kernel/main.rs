//! The rules in a kernel. Each test has a network namespace of its own; root is needed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail by panicking"
)]

#[path = "../properties/events.rs"]
mod events;
#[path = "../../../nft/tests/support/listing.rs"]
mod listing;
mod scenarios;

use std::collections::BTreeSet;
use std::process::Command;

use kinglet_nft::{Batch, Connection};
use kinglet_policy::Policies;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use events::{Present, crowd, event, settings};
use kinglet_test_support::netns::in_namespace;
use listing::normal;

fn list() -> Vec<String> {
    let output = Command::new("nft")
        .args(["list", "table", "inet", kinglet_policy::TABLE])
        .output()
        .unwrap();
    assert!(output.status.success());
    normal(&String::from_utf8(output.stdout).unwrap())
}

fn commit(connection: &mut Connection, batch: &Batch) {
    if !batch.is_empty() {
        connection.commit(batch).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn changes_lead_to_the_same_table_as_a_fresh_start() {
    in_namespace(|| {
        let steps = prop_oneof![
            3 => prop::collection::vec((event(), any::<bool>()), 1..40),
            1 => prop::collection::vec((crowd(), any::<bool>()), 60..120),
        ];
        let mut runner = TestRunner::new(Config {
            cases: 64,
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&steps, |steps| {
            let mut connection = Connection::open().unwrap();
            let ownership = kinglet_nft::Ownership::Shared;
            let mut policies = Policies::new(settings(), ownership);
            commit(&mut connection, &policies.replacement());
            let mut present = Present::default();
            for (event, committed) in &steps {
                event.apply(&mut policies);
                present.note(event);
                if *committed {
                    commit(&mut connection, &policies.additions());
                    commit(&mut connection, &policies.changes());
                    let differences = connection.differences(&policies.ruleset()).unwrap();
                    prop_assert_eq!(differences, BTreeSet::new());
                    policies.sweep();
                }
            }
            commit(&mut connection, &policies.additions());
            commit(&mut connection, &policies.changes());
            while policies.has_idle() {
                policies.sweep();
            }
            commit(&mut connection, &policies.changes());
            let changed = list();
            let mut fresh = Policies::new(settings(), ownership);
            present.events().for_each(|event| event.apply(&mut fresh));
            commit(&mut connection, &fresh.replacement());
            prop_assert_eq!(changed, list());
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
    });
}
