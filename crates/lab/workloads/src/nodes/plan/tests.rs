//! Tables of nodes, their silence and their Pods, and what is wanted.

use super::*;

const GRACE: Duration = Duration::from_secs(40);

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

/// A node with the status of its condition `Ready`, if it has one.
fn node(ready: Option<&str>, taints: Value) -> Arc<Node> {
    let conditions: Vec<Value> = ready
        .iter()
        .map(|status| json!({"type": "Ready", "status": status}))
        .collect();
    let node = json!({
        "metadata": {"name": "n1"},
        "spec": {"taints": taints},
        "status": {"conditions": conditions},
    });
    Arc::new(serde_json::from_value(node).unwrap())
}

fn pod_on_node(ready: bool, tolerations: Value) -> PodOnNode {
    let ready = if ready { "True" } else { "False" };
    let pod = json!({
        "metadata": {"name": "p", "uid": "p"},
        "spec": {"nodeName": "n1", "tolerations": tolerations},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
    });
    PodOnNode {
        pod: Arc::new(serde_json::from_value(pod).unwrap()),
        evicting_for: None,
        marked: false,
    }
}

fn keys(taints: &[Taint]) -> Vec<String> {
    let short = |taint: &Taint| {
        let key = taint.key.rsplit('/').next().unwrap_or_default();
        format!("{key}:{}", taint.effect)
    };
    taints.iter().map(short).collect()
}

#[test]
fn a_silent_node_becomes_unknown_after_the_grace_period() {
    let node = node(Some("True"), json!([]));
    let early = plan(&node, &[], seconds(39), GRACE, now());
    assert!(early.conditions.is_empty() && early.taints.is_none());
    assert_eq!(early.again, Some(seconds(1)));
    let late = plan(&node, &[], seconds(40), GRACE, now());
    let reasons: Vec<&Value> = late.conditions.iter().map(|one| &one["reason"]).collect();
    assert_eq!(
        reasons,
        [
            "NodeStatusUnknown",
            "NodeStatusNeverUpdated",
            "NodeStatusNeverUpdated",
            "NodeStatusNeverUpdated"
        ]
    );
    assert_eq!(
        late.conditions[0]["message"],
        "Kubelet stopped posting node status."
    );
    assert_eq!(late.again, None, "the next sign of life will tell");
}

#[test]
fn taints_follow_conditions() {
    let own = json!({"key": "dedicated", "effect": "NoSchedule"});
    let unreachable = json!({"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "2026-01-01T11:00:00Z"});
    let table = [
        (Some("True"), json!([]), None),
        (
            Some("True"),
            json!([own, unreachable]),
            Some(vec!["dedicated:NoSchedule"]),
        ),
        (
            Some("False"),
            json!([own]),
            Some(vec![
                "dedicated:NoSchedule",
                "not-ready:NoSchedule",
                "not-ready:NoExecute",
            ]),
        ),
        (
            Some("Unknown"),
            json!([unreachable]),
            Some(vec!["unreachable:NoExecute", "unreachable:NoSchedule"]),
        ),
        (None, json!([]), Some(vec!["not-ready:NoSchedule"])),
    ];
    for (ready, taints, expected) in table {
        let plan = plan(&node(ready, taints), &[], seconds(0), GRACE, now());
        let found = plan.taints.map(|taints| keys(&taints));
        assert_eq!(
            found,
            expected.map(|all| all.into_iter().map(str::to_owned).collect()),
            "{ready:?}"
        );
    }
    let mut cordoned = (*node(Some("True"), json!([]))).clone();
    cordoned.unschedulable = true;
    let plan = plan(&Arc::new(cordoned), &[], seconds(0), GRACE, now());
    assert_eq!(keys(&plan.taints.unwrap()), ["unschedulable:NoSchedule"]);
}

#[test]
fn pods_of_a_node_that_is_not_ready_are_marked_once() {
    let down = node(Some("Unknown"), json!([]));
    let mut one = pod_on_node(true, json!([{"operator": "Exists"}]));
    assert_eq!(plan(&down, &[one], seconds(0), GRACE, now()).unready.len(), 1);
    one = pod_on_node(true, json!([]));
    one.marked = true;
    let again = plan(&down, &[one], seconds(0), GRACE, now());
    assert!(again.unready.is_empty());
    let up = plan(
        &node(Some("True"), json!([])),
        &[pod_on_node(true, json!([]))],
        seconds(0),
        GRACE,
        now(),
    );
    assert_eq!((up.unready.len(), up.recovered.len()), (0, 1));
}

#[test]
fn pods_are_evicted_when_their_toleration_ends() {
    let taints = json!([{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]);
    let down = node(Some("Unknown"), taints);
    let tolerant = || pod_on_node(false, json!([{"operator": "Exists", "tolerationSeconds": 300}]));
    let first = plan(&down, &[tolerant()], seconds(50), GRACE, now());
    assert_eq!((first.evict.len(), first.evicting.len()), (0, 1));
    assert_eq!(first.again, Some(seconds(300)));
    let mut later = tolerant();
    later.evicting_for = Some(seconds(299));
    assert_eq!(
        plan(&down, &[later], seconds(350), GRACE, now()).again,
        Some(seconds(1))
    );
    let mut last = tolerant();
    last.evicting_for = Some(seconds(300));
    assert_eq!(plan(&down, &[last], seconds(351), GRACE, now()).evict.len(), 1);
    let at_once = plan(&down, &[pod_on_node(false, json!([]))], seconds(50), GRACE, now());
    assert_eq!(at_once.evict.len(), 1);
    let tolerating = plan(
        &node(Some("True"), json!([])),
        &[tolerant()],
        seconds(0),
        GRACE,
        now(),
    );
    assert_eq!((tolerating.tolerating.len(), tolerating.evicting.len()), (1, 0));
}

#[test]
fn pods_of_a_missing_node_go_after_the_grace_period() {
    let pods = [pod_on_node(true, json!([])).pod];
    let early = without_node(&pods, seconds(10), GRACE);
    assert_eq!((early.orphans.len(), early.again), (0, Some(seconds(30))));
    assert_eq!(without_node(&pods, seconds(40), GRACE).orphans.len(), 1);
    assert_eq!(without_node(&[], seconds(10), GRACE).again, None);
}
