//! Policies with defaults and faults, by table.

use serde_json::{Value, json};

use super::rule::PeerList;
use super::*;

fn check(spec: Value) -> (Option<Policy>, Vec<String>) {
    let policy = json!({"metadata": {"namespace": "n", "name": "p"}, "spec": spec});
    let mut problems = Vec::new();
    let policy = Policy::check(&serde_json::from_value(policy).unwrap(), &mut problems);
    let problems = problems.iter();
    (
        policy,
        problems
            .map(|problem| format!("{} {}", problem.field, problem.value))
            .collect(),
    )
}

#[test]
fn directions() {
    for (spec, ingress, egress) in [
        (json!({}), Some(0), None),
        (json!({"policyTypes": []}), Some(0), None),
        (json!({"egress": []}), Some(0), None),
        (json!({"egress": [{}]}), Some(0), Some(1)),
        (json!({"policyTypes": ["Ingress"], "egress": [{}]}), Some(0), None),
        (json!({"policyTypes": ["Egress"], "ingress": [{}]}), None, Some(0)),
        (json!({"policyTypes": ["Ingress", "Egress"]}), Some(0), Some(0)),
        (json!({"policyTypes": ["Sideways"]}), Some(0), None),
        (json!({"policyTypes": ["Sideways", "Egress"]}), None, Some(0)),
    ] {
        let policy = check(spec.clone()).0.unwrap();
        let rules = |direction| policy.rules(direction).map(<[_]>::len);
        let found = (rules(Direction::Ingress), rules(Direction::Egress));
        assert_eq!(found, (ingress, egress), "{spec}");
    }
}

#[test]
fn faults_are_named_and_allow_nothing() {
    let port = |port: Value| json!({"ports": [port]});
    let block = |block: Value| json!({"from": [{"ipBlock": block}]});
    let bad = json!({"matchExpressions": [{"key": "a", "operator": "Is"}]});
    for (rule, field) in [
        (port(json!({"port": 0})), "ports[0].port 0"),
        (port(json!({"port": 65_536})), "ports[0].port 65536"),
        (port(json!({"port": 80, "endPort": 79})), "ports[0].endPort 79"),
        (port(json!({"port": "web", "endPort": 90})), "ports[0].endPort 90"),
        (port(json!({"endPort": 90})), "ports[0].endPort 90"),
        (port(json!({"protocol": "ICMP"})), "ports[0].protocol ICMP"),
        (
            block(json!({"cidr": "10.0.0.0/33"})),
            "from[0].ipBlock.cidr 10.0.0.0/33",
        ),
        (
            block(json!({"cidr": "10.0.0.0/8", "except": ["10.0.0.0"]})),
            "from[0].ipBlock.except[0] 10.0.0.0",
        ),
        (
            block(json!({"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]})),
            "from[0].ipBlock.except[0] 10.0.0.0/8",
        ),
        (json!({"from": [{}]}), "from[0] {}"),
        (
            json!({"from": [{"ipBlock": {"cidr": "::/0"}, "podSelector": {}}]}),
            "from[0] ipBlock with selectors",
        ),
        (
            json!({"from": [{"podSelector": bad}]}),
            "from[0].podSelector \"Is\" is not a valid label selector operator",
        ),
    ] {
        let (policy, problems) = check(json!({"ingress": [rule, {}]}));
        assert_eq!(problems, [format!("spec.ingress[0].{field}")]);
        let policy = policy.unwrap();
        let rules = policy.rules(Direction::Ingress).unwrap();
        assert_eq!(
            rules.iter().map(|rule| rule.number).collect::<Vec<_>>(),
            [1],
            "{field}"
        );
    }
    let (policy, problems) = check(json!({"podSelector": bad}));
    assert!(policy.is_none() && problems.len() == 1);
    let (_, problems) = check(json!({"policyTypes": ["Ingress", "egress"]}));
    assert_eq!(problems, ["spec.policyTypes[1] egress"]);
}

#[test]
fn exceptions_outside_take_nothing_and_host_bits_are_masked() {
    let block = json!({"cidr": "10.1.2.3/16", "except": ["10.2.0.0/16", "fd00::/8", "10.1.0.0/17"]});
    let (policy, problems) = check(json!({"ingress": [{"from": [{"ipBlock": block}]}]}));
    assert_eq!(problems.len(), 2);
    let policy = policy.unwrap();
    let Peers::Of(PeerList { blocks, .. }) = &policy.rules(Direction::Ingress).unwrap()[0].peers else {
        panic!()
    };
    assert_eq!(blocks.to_string(), "10.1.128.0-10.1.255.255");
}
