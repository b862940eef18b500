//! Whose requests come first, and what a panic does. Root is needed.

#![allow(clippy::panic, reason = "helpers of tests fail by panicking")]

use std::sync::{Arc, Mutex};

use kinglet_nft::Ownership;
use kinglet_policy::PolicySettings;
use tokio::runtime::Runtime;

use super::*;
use crate::kernel::Kernel;
use kinglet_test_support::netns::in_namespace;

fn actor() -> (EnforcerActor, CommitHandle, QueryHandle) {
    let tables = Kernel::open().unwrap().tables;
    let enforcer = Enforcer::new(tables, PolicySettings::default(), Ownership::Shared, Vec::new());
    EnforcerActor::new(enforcer)
}

#[test]
fn commits_overtake_queries() {
    in_namespace(|| {
        let (actor, commits, queries) = actor();
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| {
            let order = order.clone();
            move |_: &mut Enforcer| order.lock().unwrap().push(name)
        };
        let asked = async move {
            let (first, second, commit) = tokio::join!(
                queries.0.run(note("query")),
                queries.0.run(note("query")),
                commits.0.run(note("commit")),
            );
            for answer in [first, second, commit] {
                answer.unwrap();
            }
        };
        let (ended, ()) = Runtime::new()
            .unwrap()
            .block_on(async { tokio::join!(actor.run(), asked) });
        ended.unwrap();
        assert_eq!(*order.lock().unwrap(), ["commit", "query", "query"]);
    });
}

#[test]
fn a_panic_ends_the_actor_and_whoever_asks() {
    in_namespace(|| {
        let (actor, commits, queries) = actor();
        let asked = async {
            let panicked = queries.0.run(|_| panic!("on purpose")).await;
            (panicked, commits.unresolved().await.map(drop))
        };
        let (ended, (panicked, later)) = Runtime::new()
            .unwrap()
            .block_on(async { tokio::join!(actor.run(), asked) });
        assert!(matches!(ended, Err(AgentError::Panicked(_))));
        assert_eq!(panicked, Err(WorkerPanicked));
        assert!(matches!(later, Err(AgentError::Panicked(_))));
    });
}
