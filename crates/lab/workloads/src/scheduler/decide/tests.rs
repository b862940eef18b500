//! Clusters, Pods, and the node that each Pod gets or why it gets none.

mod many;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::super::objects::Node;
use super::super::snapshot::Namespaces;
use super::*;

/// A node; `more` has fields of `spec` and `status`.
fn node(name: &str, labels: Value, more: Value) -> Arc<Node> {
    let mut object = more;
    object["metadata"] = json!({"name": name, "labels": labels});
    Arc::new(serde_json::from_value(object).unwrap())
}

/// Two zones with two nodes each.
fn zones() -> Vec<Arc<Node>> {
    [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")]
        .map(|(name, zone)| node(name, json!({"zone": zone, "host": name}), json!({})))
        .into()
}

fn pod(name: &str, app: &str, node: &str, spec: Value) -> Arc<Pod> {
    let mut object =
        json!({"metadata": {"name": name, "namespace": "shop", "uid": name, "labels": {"app": app}}});
    object["spec"] = spec;
    object["spec"]["nodeName"] = node.into();
    Arc::new(serde_json::from_value(object).unwrap())
}

fn snapshot(nodes: &[Arc<Node>], pods: &[Arc<Pod>]) -> Snapshot {
    let labels = |name: &str, team: &str| (Arc::from(name), [("team".into(), team.into())].into());
    let namespaces: Namespaces = HashMap::from([labels("shop", "one"), labels("bank", "two")]);
    Snapshot::new(nodes, pods, Arc::new(namespaces))
}

/// Decides about a Pod with the label `app=web`.
fn node_info(nodes: &[Arc<Node>], pods: &[Arc<Pod>], spec: Value) -> Result<String, String> {
    let decision = decide(&pod("new", "web", "", spec), &snapshot(nodes, pods));
    decision.map(|node| node.to_string())
}

/// What is said before preemption.
fn why(nodes: &[Arc<Node>], pods: &[Arc<Pod>], spec: Value) -> String {
    let message = node_info(nodes, pods, spec).unwrap_err();
    let first = message.split(". no new claims").next().unwrap_or_default();
    first.to_owned()
}

fn term(kind: &str, app: &str, key: &str) -> Value {
    let term = json!({"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key});
    json!({"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
}

#[test]
fn every_reason_is_told() {
    let taints = json!({"spec": {"taints": [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]}});
    let nodes = [
        node(
            "full",
            json!({}),
            json!({"status": {"allocatable": {"pods": "0", "cpu": "1", "memory": "1Gi"}}}),
        ),
        node(
            "small",
            json!({}),
            json!({"status": {"allocatable": {"cpu": "100m", "memory": "64Mi"}}}),
        ),
        node("off", json!({}), json!({"spec": {"unschedulable": true}})),
        node("tainted", json!({}), taints),
    ];
    let requests = json!({"cpu": "200m", "memory": "128Mi"});
    let spec = json!({"containers": [{"resources": {"requests": requests}}]});
    assert_eq!(
        why(&nodes, &[], spec),
        "0/4 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods, \
         1 node(s) had untolerated taint {dedicated: db}, 1 node(s) were unschedulable"
    );
    assert_eq!(
        why(&nodes[..1], &[], json!({"nodeSelector": {"disk": "ssd"}})),
        "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector"
    );
    let name = json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["off"]}]}]);
    let pinned = json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": name}}}});
    assert_eq!(
        why(&nodes, &[], pinned),
        "0/4 nodes are available: 1 node(s) were unschedulable, 3 node(s) didn't satisfy plugin(s) [NodeAffinity]"
    );
    assert_eq!(
        node_info(&[], &[], json!({})).unwrap_err(),
        "no nodes available to schedule pods"
    );
}

#[test]
fn tolerations_open_nodes() {
    let taints = json!({"spec": {"unschedulable": true, "taints": [
        {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
        {"key": "dedicated", "value": "db", "effect": "NoExecute"},
    ]}});
    let nodes = [node("n1", json!({}), taints)];
    let all = json!({"tolerations": [{"operator": "Exists"}]});
    assert_eq!(node_info(&nodes, &[], all).unwrap(), "n1");
    let some = json!({"tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]});
    assert!(node_info(&nodes, &[], some).is_err());
}

#[test]
fn ports_are_taken_by_address_and_protocol() {
    let port = |ip: &str, protocol: &str| {
        let port = json!({"containerPort": 53, "hostPort": 53, "hostIP": ip, "protocol": protocol});
        json!({"containers": [{"ports": [port]}]})
    };
    let nodes = [node("n1", json!({}), json!({}))];
    let taken = |spec| [pod("dns", "dns", "n1", spec)];
    let table = [
        (port("", "UDP"), port("", "UDP"), false),
        (port("", "UDP"), port("", "TCP"), true),
        (port("10.0.0.1", "UDP"), port("10.0.0.2", "UDP"), true),
        (port("10.0.0.1", "UDP"), port("10.0.0.1", "UDP"), false),
        (port("10.0.0.1", "UDP"), port("0.0.0.0", "UDP"), false),
        (json!({}), port("", "UDP"), true),
    ];
    for (present, wanted, fits) in table {
        assert_eq!(
            node_info(&nodes, &taken(present.clone()), wanted.clone()).is_ok(),
            fits,
            "{present} {wanted}"
        );
    }
}

#[test]
fn requests_count_with_those_that_are_there() {
    let nodes = [node(
        "n1",
        json!({}),
        json!({"status": {"allocatable": {"cpu": "1", "pods": "3"}}}),
    )];
    let cpu = |cpu: &str| json!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]});
    let there = [pod("a", "a", "n1", cpu("600m"))];
    assert_eq!(node_info(&nodes, &there, cpu("400m")).unwrap(), "n1");
    assert_eq!(
        why(&nodes, &there, cpu("401m")),
        "0/1 nodes are available: 1 Insufficient cpu"
    );
    let mut ended = (*there[0]).clone();
    ended.phase = "Succeeded".into();
    assert!(node_info(&nodes, &[Arc::new(ended)], cpu("1")).is_ok());
    let device = json!({"containers": [{"resources": {"requests": {"example.com/gpu": "1"}}}]});
    assert!(
        node_info(&nodes, &[], device).is_err(),
        "what no node declares no node has"
    );
    let memory = json!({"containers": [{"resources": {"requests": {"memory": "1Ti"}}}]});
    assert!(
        node_info(&nodes, &[], memory).is_ok(),
        "undeclared memory is not counted"
    );
}

#[test]
fn affinity_goes_by_domain() {
    let nodes = zones();
    let db = [pod("db", "db", "b1", json!({}))];
    assert!(
        node_info(&nodes, &db, term("podAffinity", "db", "zone"))
            .unwrap()
            .starts_with('b')
    );
    assert_eq!(
        node_info(&nodes, &db, term("podAffinity", "db", "host")).unwrap(),
        "b1"
    );
    assert!(
        node_info(&nodes, &db, term("podAntiAffinity", "db", "zone"))
            .unwrap()
            .starts_with('a')
    );
    assert_eq!(
        why(&nodes, &db, term("podAffinity", "cache", "zone")),
        "0/4 nodes are available: 4 node(s) didn't match pod affinity rules"
    );
    assert!(
        node_info(&nodes, &db, term("podAffinity", "web", "zone")).is_ok(),
        "the first of its kind"
    );
    assert!(
        node_info(&nodes, &db, term("podAffinity", "web", "rack")).is_err(),
        "no node has the key"
    );
    let everywhere: Vec<Arc<Pod>> = ["a1", "b1"].map(|node| pod(node, "db", node, json!({}))).into();
    assert_eq!(
        why(&nodes, &everywhere, term("podAntiAffinity", "db", "zone")),
        "0/4 nodes are available: 4 node(s) didn't match pod anti-affinity rules"
    );
    let their_terms = [pod("shy", "shy", "a1", term("podAntiAffinity", "web", "zone"))];
    assert_eq!(
        why(&nodes[..2], &their_terms, json!({})),
        "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules"
    );
}

#[test]
fn affinity_means_pods_of_chosen_namespaces() {
    let nodes = zones();
    let mut foreign = (*pod("db", "db", "b1", json!({}))).clone();
    foreign.metadata.namespace = "bank".into();
    let there = [Arc::new(foreign)];
    let with = |field: &str, value: Value| {
        let mut spec = term("podAffinity", "db", "zone");
        spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0][field] = value;
        node_info(&nodes, &there, spec).is_ok()
    };
    assert!(!with("namespaces", json!([])));
    assert!(with("namespaces", json!(["bank"])));
    assert!(with("namespaceSelector", json!({})));
    assert!(with("namespaceSelector", json!({"matchLabels": {"team": "two"}})));
    assert!(!with(
        "namespaceSelector",
        json!({"matchLabels": {"team": "one"}})
    ));
}

fn spread(more: Value) -> Value {
    let mut constraint = json!({
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        constraint[field] = value.clone();
    }
    json!({"topologySpreadConstraints": [constraint]})
}

#[test]
fn hard_spread_constraints() {
    let nodes = zones();
    let in_a = [pod("w1", "web", "a1", json!({}))];
    assert!(
        node_info(&nodes, &in_a, spread(json!({})))
            .unwrap()
            .starts_with('b')
    );
    assert_eq!(
        why(&nodes[..2], &in_a, spread(json!({"minDomains": 2}))),
        "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints"
    );
    assert_eq!(
        why(&nodes[..1], &[], spread(json!({"topologyKey": "rack"}))),
        "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label)"
    );
    // Only nodes on which the Pod may run count.
    let mut only_a = spread(json!({}));
    only_a["nodeSelector"] = json!({"zone": "a"});
    assert!(node_info(&nodes, &in_a, only_a.clone()).is_ok());
    only_a["topologySpreadConstraints"][0]["nodeAffinityPolicy"] = "Ignore".into();
    assert!(node_info(&nodes, &in_a, only_a).is_err());
    let soft = spread(json!({"whenUnsatisfiable": "ScheduleAnyway"}));
    assert!(node_info(&nodes, &in_a, soft.clone()).unwrap().starts_with('b'));
    assert!(node_info(&nodes[..2], &in_a, soft).is_ok());
}

#[test]
fn preferences_decide_among_suitable_nodes() {
    let bad = json!({"spec": {"taints": [{"key": "slow", "effect": "PreferNoSchedule"}]}});
    let nodes = [
        node("a", json!({}), bad),
        node("b", json!({"host": "b"}), json!({})),
        node("c", json!({"disk": "ssd", "host": "c"}), json!({})),
    ];
    let prefer = |affinity: Value| json!({"affinity": affinity});
    let ssd = json!({"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]});
    let disk = json!({"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 10, "preference": ssd}]}});
    assert_eq!(node_info(&nodes, &[], json!({})).unwrap(), "b");
    assert_eq!(node_info(&nodes, &[], prefer(disk)).unwrap(), "c");
    let friend = json!({"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "host"});
    let near = |kind: &str| {
        let weighted = json!([{"weight": 10, "podAffinityTerm": friend}]);
        prefer(json!({kind: {"preferredDuringSchedulingIgnoredDuringExecution": weighted}}))
    };
    let there = [pod("db", "db", "c", json!({}))];
    assert_eq!(node_info(&nodes, &there, near("podAffinity")).unwrap(), "c");
    assert_eq!(node_info(&nodes, &there, near("podAntiAffinity")).unwrap(), "b");
}
