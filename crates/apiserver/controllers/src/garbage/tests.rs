//! The graph: which objects an update concerns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use kinglet_kube::{Feed, Resource};
use kinglet_model::Namespace;
use serde_json::{Value, json};

use super::graph::Graph;
use super::object::{Object, OwnerReference, Stage, Uid};

struct World {
    graph: Graph,
    kind: Arc<Resource>,
}

impl World {
    fn new() -> Self {
        Self {
            graph: Graph::default(),
            kind: Arc::new(Resource::of::<Namespace>()),
        }
    }

    fn take(&mut self, feed: Feed<Object>) -> Vec<String> {
        let mut concerned: Vec<String> = self
            .graph
            .take((self.kind.clone(), feed))
            .iter()
            .map(ToString::to_string)
            .collect();
        concerned.sort();
        concerned.dedup();
        concerned
    }

    fn applied(&mut self, uid: &str, owners: &[&str], finalizer: &str) -> Vec<String> {
        self.take(Feed::Applied(object(uid, owners, finalizer)))
    }

    fn deleted(&mut self, uid: &str) -> Vec<String> {
        self.take(Feed::Deleted(object(uid, &[], "")))
    }

    fn dependents(&self, uid: &str) -> Vec<String> {
        self.graph
            .dependents(&Uid::from(uid))
            .map(|(uid, _)| uid.to_string())
            .collect()
    }
}

/// An object that, with a finalizer, is being deleted.
fn object(uid: &str, owners: &[&str], finalizer: &str) -> Object {
    let owners: Vec<Value> = owners
        .iter()
        .map(|owner| json!({"uid": owner, "name": owner, "blockOwnerDeletion": true}))
        .collect();
    let mut metadata = json!({"name": uid, "uid": uid, "ownerReferences": owners});
    if !finalizer.is_empty() {
        metadata["finalizers"] = json!([finalizer]);
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    }
    serde_json::from_value(json!({"metadata": metadata})).unwrap()
}

#[test]
fn objects_without_owners_concern_nobody() {
    let mut world = World::new();
    assert!(world.applied("a", &[], "").is_empty());
    assert!(world.applied("a", &[], "example.com/x").is_empty());
    assert!(world.deleted("a").is_empty());
    assert!(world.deleted("a").is_empty());
}

#[test]
fn the_end_of_an_owner_concerns_its_dependents() {
    let mut world = World::new();
    world.applied("owner", &[], "");
    assert_eq!(world.applied("child", &["owner"], ""), ["child"]);
    assert_eq!(world.dependents("owner"), ["child"]);
    assert_eq!(world.deleted("owner"), ["child"]);
    assert!(world.deleted("child").is_empty());
    assert!(world.dependents("owner").is_empty());
}

#[test]
fn dependents_may_be_known_before_their_owner() {
    let mut world = World::new();
    world.applied("child", &["owner"], "");
    assert!(world.applied("owner", &[], "").is_empty());
    assert_eq!(world.deleted("owner"), ["child"]);
}

#[test]
fn an_owner_that_waits_is_concerned_by_each_change_of_its_dependents() {
    let mut world = World::new();
    world.applied("owner", &[], "");
    world.applied("one", &["owner"], "");
    world.applied("two", &["owner"], "");
    assert_eq!(
        world.applied("owner", &[], "foregroundDeletion"),
        ["one", "owner", "two"]
    );
    assert_eq!(world.applied("owner", &[], "foregroundDeletion"), ["owner"]);
    assert_eq!(world.applied("one", &[], ""), ["owner"]);
    assert_eq!(world.deleted("two"), ["owner"]);
    assert!(world.dependents("owner").is_empty());
}

#[test]
fn a_new_list_takes_the_place_of_all_that_was_known() {
    let mut world = World::new();
    world.applied("owner", &[], "");
    world.applied("child", &["owner"], "");
    let listed = vec![object("child", &["owner"], ""), object("new", &[], "orphan")];
    assert_eq!(world.take(Feed::Listed(listed)), ["child", "new"]);
    assert!(world.graph.node(&Uid::from("owner")).is_none());
    let kind = world.kind.clone();
    world.graph.forget(&kind);
    assert!(world.graph.node(&Uid::from("child")).is_none());
}

#[test]
fn finalizers_tell_the_stage() {
    let table = [
        ("", Stage::Living),
        ("orphan", Stage::Orphaning),
        ("foregroundDeletion", Stage::AwaitingDependents),
        ("example.com/x", Stage::Leaving),
    ];
    for (finalizer, stage) in table {
        assert_eq!(object("a", &[], finalizer).metadata.stage(), stage, "{finalizer}");
    }
}

#[test]
fn a_reference_means_a_node_only_if_all_of_it_fits() {
    let mut world = World::new();
    world.applied("a", &[], "");
    let node = world.graph.node(&Uid::from("a")).unwrap();
    let fits = OwnerReference {
        api_version: "v1".into(),
        kind: "Namespace".into(),
        name: "a".into(),
        uid: "a".into(),
        ..OwnerReference::default()
    };
    assert!(
        node.is_referenced_by(&fits, "anywhere"),
        "owners of the cluster own everywhere"
    );
    for wrong in [
        OwnerReference {
            api_version: "apps/v1".into(),
            ..fits.clone()
        },
        OwnerReference {
            kind: "Pod".into(),
            ..fits.clone()
        },
        OwnerReference {
            name: "b".into(),
            ..fits.clone()
        },
    ] {
        assert!(!node.is_referenced_by(&wrong, "anywhere"), "{wrong:?}");
    }
    let mut namespaced = node.clone();
    namespaced.name.namespace = "shop".into();
    assert!(namespaced.is_referenced_by(&fits, "shop"));
    assert!(!namespaced.is_referenced_by(&fits, "other"));
    assert!(!namespaced.is_referenced_by(&fits, ""));
}
