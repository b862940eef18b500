//! Tables of DaemonSets, nodes and Pods, and what is wanted.

use serde_json::json;

use super::*;

const NOW: &str = "2026-01-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn set(strategy: Value) -> DaemonSet {
    serde_json::from_value(json!({
        "metadata": {"name": "agent", "namespace": "kube-system", "uid": "set", "generation": 2},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "updateStrategy": strategy,
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {"nodeSelector": {"role": "worker"}, "containers": [{"name": "main"}]},
            },
        },
    }))
    .unwrap()
}

fn rolling(unavailable: i32, surge: i32) -> DaemonSet {
    set(json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}}))
}

fn node(name: &str, role: &str, taints: Value) -> Arc<Node> {
    let node = json!({"metadata": {"name": name, "labels": {"role": role}}, "spec": {"taints": taints}});
    Arc::new(serde_json::from_value(node).unwrap())
}

fn workers(count: usize) -> Vec<Arc<Node>> {
    (1..=count)
        .map(|number| node(&format!("n{number}"), "worker", json!([])))
        .collect()
}

/// A Pod of the set on a node.
fn on(name: &str, node: &str, hash: &str, ready: bool) -> Arc<Pod> {
    let ready = if ready { "True" } else { "False" };
    let pod = json!({
        "metadata": {
            "name": name,
            "uid": name,
            "labels": {"app": "agent", "controller-revision-hash": hash},
            "creationTimestamp": "2026-01-01T10:00:00Z",
            "ownerReferences": [{"uid": "set", "controller": true}],
        },
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
    });
    Arc::new(serde_json::from_value(pod).unwrap())
}

fn present() -> String {
    template::hash(&rolling(1, 0).template, 0)
}

fn names(pods: &[Arc<Pod>]) -> Vec<&str> {
    pods.iter().map(|pod| &*pod.metadata.name).collect()
}

fn strings(nodes: &[Arc<str>]) -> Vec<&str> {
    nodes.iter().map(|node| &**node).collect()
}

#[test]
fn every_node_that_suits_gets_one_pod() {
    let taint = |key: &str, effect: &str| json!([{"key": key, "effect": effect}]);
    let nodes = [
        node("plain", "worker", json!([])),
        node("other", "storage", json!([])),
        node(
            "cordoned",
            "worker",
            taint("node.kubernetes.io/unschedulable", "NoSchedule"),
        ),
        node(
            "silent",
            "worker",
            taint("node.kubernetes.io/unreachable", "NoExecute"),
        ),
        node("dedicated", "worker", taint("dedicated", "NoSchedule")),
        node("evicting", "worker", taint("dedicated", "NoExecute")),
    ];
    let none = plan(&rolling(1, 0), &nodes, &[], true, now());
    assert_eq!(strings(&none.create), ["plain", "cordoned", "silent"]);
    let pods: Vec<Arc<Pod>> = nodes
        .iter()
        .map(|node| on(&node.metadata.name, &node.metadata.name, &present(), true))
        .collect();
    let all = plan(&rolling(1, 0), &nodes, &pods, true, now());
    assert!(all.create.is_empty());
    // A taint that only keeps new Pods off lets old ones stay.
    assert_eq!(names(&all.delete), ["other", "evicting"]);
    let status = all.status;
    assert_eq!(
        (
            status.desired_number_scheduled,
            status.current_number_scheduled,
            status.number_misscheduled,
            status.number_ready,
            status.updated_number_scheduled,
            status.number_unavailable,
        ),
        (3, 3, 3, 3, 3, 0)
    );
    assert!(plan(&rolling(1, 0), &nodes, &[], false, now()).create.is_empty());
}

#[test]
fn a_pod_is_pinned_to_its_node_and_shares_its_troubles() {
    let pod = pod(&rolling(1, 0), "n1");
    let decoded: Pod = serde_json::from_value(pod.clone()).unwrap();
    assert_eq!(node_of(&decoded), Some("n1"));
    assert_eq!(pod["metadata"]["labels"]["controller-revision-hash"], present());
    assert_eq!(pod["spec"]["tolerations"].as_array().unwrap().len(), 6);
    assert_eq!(pod["spec"]["nodeSelector"]["role"], "worker");
}

#[test]
fn failed_and_surplus_pods_are_replaced() {
    let mut failed = (*on("failed", "n1", &present(), false)).clone();
    failed.phase = "Failed".into();
    let nodes = workers(2);
    let pods = [
        Arc::new(failed.clone()),
        on("a", "n2", &present(), true),
        on("b", "n2", &present(), true),
    ];
    let both = plan(&rolling(1, 0), &nodes, &pods, true, now());
    assert_eq!(names(&both.delete), ["failed", "b"]);
    assert!(both.create.is_empty(), "only when the failed one is gone");
    failed.metadata.creation_timestamp = "2026-01-01T11:59:58Z".parse().ok();
    let soon = plan(&rolling(1, 0), &nodes, &[Arc::new(failed)], true, now());
    assert_eq!((soon.delete.len(), soon.again), (0, Some(Duration::from_secs(3))));
}

#[test]
fn an_update_without_surge_takes_pods_away_first() {
    let nodes = workers(4);
    let old = |ready: [bool; 4]| -> Vec<Arc<Pod>> {
        let pods = ready.iter().zip(1..);
        pods.map(|(ready, number)| on(&format!("p{number}"), &format!("n{number}"), "old", *ready))
            .collect()
    };
    let table = [
        (1, [true, true, true, true], vec!["p1"]),
        (2, [true, true, true, true], vec!["p1", "p2"]),
        // Pods that do not serve go first, and count.
        (1, [true, false, true, true], vec!["p2"]),
        (2, [true, false, true, true], vec!["p2", "p1"]),
        (1, [false, false, true, true], vec!["p1", "p2"]),
    ];
    for (unavailable, ready, expected) in table {
        let plan = plan(&rolling(unavailable, 0), &nodes, &old(ready), true, now());
        assert_eq!(names(&plan.delete), expected, "{unavailable} {ready:?}");
    }
    let mut pods = old([true; 4]);
    pods[0] = on("new", "n1", &present(), false);
    let waiting = plan(&rolling(1, 0), &nodes, &pods, true, now());
    assert!(waiting.delete.is_empty(), "the new Pod does not serve yet");
    let never = plan(
        &set(json!({"type": "OnDelete"})),
        &nodes,
        &old([true; 4]),
        true,
        now(),
    );
    assert!(never.delete.is_empty());
}

#[test]
fn an_update_with_surge_adds_pods_first() {
    let nodes = workers(3);
    let old = || {
        vec![
            on("a", "n1", "old", true),
            on("b", "n2", "old", true),
            on("c", "n3", "old", false),
        ]
    };
    let first = plan(&rolling(0, 1), &nodes, &old(), true, now());
    assert_eq!(
        strings(&first.create),
        ["n3", "n1"],
        "one that does not serve is not counted"
    );
    assert!(first.delete.is_empty());
    let mut pods = old();
    pods.push(on("a2", "n1", &present(), false));
    pods.push(on("c2", "n3", &present(), false));
    let second = plan(&rolling(0, 1), &nodes, &pods, true, now());
    assert_eq!((names(&second.delete), second.create.len()), (vec!["c"], 0));
    pods[3] = on("a2", "n1", &present(), true);
    let third = plan(&rolling(0, 1), &nodes, &pods, true, now());
    assert_eq!(names(&third.delete), ["a", "c"]);
    assert_eq!(strings(&third.create), ["n2"]);
}
