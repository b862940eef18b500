//! Tables of ReplicaSets, their Pods, and what is wanted.

use kinglet_model::Selector;
use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-01-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn set(replicas: i32) -> ReplicaSet {
    serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "set", "generation": 3},
        "spec": {
            "replicas": replicas,
            "minReadySeconds": 10,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web", "tier": "front"}}},
        },
    }))
    .unwrap()
}

/// A Pod of the set; `more` replaces fields of it.
fn pod(name: &str, more: Value) -> Arc<Pod> {
    let mut pod = json!({
        "metadata": {
            "name": name,
            "uid": name,
            "labels": {"app": "web", "tier": "front"},
            "creationTimestamp": "2026-01-01T10:00:00Z",
            "ownerReferences": [{"uid": "set", "controller": true}],
        },
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T10:00:00Z"},
        ]},
    });
    for (field, values) in more.as_object().into_iter().flatten() {
        for (key, value) in values.as_object().into_iter().flatten() {
            pod[field][key] = value.clone();
        }
    }
    Arc::new(serde_json::from_value(pod).unwrap())
}

fn names(pods: &[Arc<Pod>]) -> Vec<&str> {
    pods.iter().map(|pod| &*pod.metadata.name).collect()
}

#[test]
fn pods_are_made_and_deleted_until_the_number_is_right() {
    let pods = [
        pod("a", json!({})),
        pod("gone", json!({"metadata": {"deletionTimestamp": NOW}})),
        pod("failed", json!({"status": {"phase": "Failed"}})),
    ];
    for (wanted, create, delete) in [(0, 0, 1), (1, 0, 0), (4, 3, 0)] {
        let plan = plan(&set(wanted), &pods, true, now());
        assert_eq!((plan.create, plan.delete.len()), (create, delete));
        assert_eq!((plan.status.replicas, plan.status.terminating_replicas), (1, 1));
    }
    let unsettled = plan(&set(4), &pods, false, now());
    assert_eq!(unsettled.create, 0, "the cache is behind");
    let mut deleted = set(4);
    deleted.metadata.deletion_timestamp = Some(now());
    assert_eq!(plan(&deleted, &pods, true, now()).create, 0);
}

#[test]
fn adopted_pods_count() {
    let orphan = pod("orphan", json!({"metadata": {"ownerReferences": []}}));
    let plan = plan(&set(2), &[orphan], true, now());
    assert_eq!((names(&plan.claim.adopt), plan.create), (vec!["orphan"], 1));
}

#[test]
fn the_status_counts_what_is_there() {
    let pods = [
        pod("old", json!({})),
        pod(
            "fresh",
            json!({"status": {"conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T11:59:54Z"},
            ]}}),
        ),
        pod(
            "unready",
            json!({"status": {"conditions": []}, "metadata": {"labels": {"app": "web"}}}),
        ),
    ];
    let plan = plan(&set(3), &pods, true, now());
    let status = plan.status;
    assert_eq!(
        (
            status.replicas,
            status.fully_labeled_replicas,
            status.ready_replicas,
            status.available_replicas,
            status.observed_generation,
        ),
        (3, 2, 2, 1, 3)
    );
    assert_eq!(plan.again, Some(Duration::from_secs(4)));
}

#[test]
fn a_set_without_selector_does_nothing_to_others() {
    let mut set = set(0);
    set.selector = None;
    let plan = plan(&set, &[pod("a", json!({}))], true, now());
    assert!(plan.delete.is_empty() && plan.claim.release.is_empty());
    set.selector = Some(Selector::default());
}

#[test]
fn the_least_useful_pods_go_first() {
    let ready_at = |time: &str| json!({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": time}]}});
    let cost = |cost: &str| json!({"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": cost}}});
    let alone = json!({"spec": {"nodeName": "n2"}});
    let pods = [
        pod("dear", cost("5")),
        pod("alone", alone),
        pod("steady", json!({})),
        pod(
            "restarted",
            json!({"status": {"containerStatuses": [{"restartCount": 3}]}}),
        ),
        pod("fresh", ready_at("2026-01-01T11:59:00Z")),
        pod("cheap", cost("-5")),
        pod("unready", json!({"status": {"conditions": []}})),
        pod(
            "pending",
            json!({"status": {"phase": "Pending", "conditions": []}}),
        ),
        pod(
            "unbound",
            json!({"spec": {"nodeName": ""}, "status": {"phase": "Pending", "conditions": []}}),
        ),
    ];
    let order = [
        "unbound",
        "pending",
        "unready",
        "cheap",
        "fresh",
        "restarted",
        "steady",
        "alone",
    ];
    for count in 0..order.len() {
        let wanted = i32::try_from(pods.len() - count).unwrap();
        let plan = plan(&set(wanted), &pods, true, now());
        assert_eq!(names(&plan.delete), order[..count]);
    }
}
