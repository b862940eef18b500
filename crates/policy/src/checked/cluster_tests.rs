//! ClusterNetworkPolicies with faults, by table.

use serde_json::{Value, json};

use super::*;
use crate::problem::Problem;

fn check(spec: Value) -> (Option<ClusterPolicy>, Vec<String>) {
    let policy = json!({"metadata": {"name": "p"}, "spec": spec});
    let mut problems = Vec::new();
    let policy = ClusterPolicy::check(&serde_json::from_value(policy).unwrap(), &mut problems);
    let problems = problems.iter();
    (policy, problems.map(Problem::note).collect())
}

/// A policy with one rule for egress to everybody, with some fields put in the place of others.
fn with(rule: &Value) -> Value {
    let mut whole = json!({"action": "Accept", "to": [{"namespaces": {}}]});
    for (field, value) in rule.as_object().unwrap() {
        whole[field] = value.clone();
    }
    json!({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": [whole]})
}

#[test]
fn a_rule_with_something_unknown_fails_closed() {
    let to = |peer: Value| json!({"to": [{"namespaces": {}}, peer]});
    let port = |protocol: Value| json!({"protocols": [protocol]});
    let bad = json!({"matchExpressions": [{"key": "a", "operator": "Is"}]});
    for (rule, fault) in [
        (
            to(json!({})),
            "to[1]: \"{} or several fields\" is not exactly one of namespaces, pods, networks and nodes",
        ),
        (
            to(json!({"planets": ["Mars"]})),
            "to[1]: \"planets\" is not a field that is known here",
        ),
        (
            to(json!({"namespaces": {}, "nodes": {}})),
            "to[1]: \"{} or several fields\" is not exactly one of namespaces, pods, networks and nodes",
        ),
        (
            to(json!({"namespaces": bad})),
            "to[1].namespaces: \"\\\"Is\\\" is not a valid label selector operator\" is not a label selector",
        ),
        (
            to(json!({"networks": ["10.0.0.0/8", "10.0.0.0/33"]})),
            "to[1].networks[1]: \"10.0.0.0/33\" is not a network such as 192.0.2.0/24",
        ),
        (
            to(json!({"networks": []})),
            "to[1].networks: \"[]\" is not a list with networks",
        ),
        (
            to(json!({"domainNames": ["a.example", "*.b.example"]})),
            "to[1].domainNames: \"a.example, *.b.example\" is not supported",
        ),
        (json!({"to": []}), "to: \"[]\" is not a list with peers"),
        (
            json!({"when": "full moon"}),
            ": \"when\" is not a field that is known here",
        ),
        (
            json!({"protocols": []}),
            "protocols: \"[]\" is not a list with protocols",
        ),
        (
            port(json!({"icmp": {}})),
            "protocols[0]: \"icmp\" is not a field that is known here",
        ),
        (
            port(json!({"tcp": {}, "udp": {}})),
            "protocols[0]: \"{} or several fields\" is not exactly one of tcp, udp, sctp and destinationNamedPort",
        ),
        (
            port(json!({"tcp": {"sourcePort": 1}})),
            "protocols[0].tcp: \"sourcePort\" is not a field that is known here",
        ),
        (
            port(json!({"tcp": {"destinationPort": {}}})),
            "protocols[0].tcp.destinationPort: \"{} or several fields\" is not exactly one of number and range",
        ),
        (
            port(json!({"udp": {"destinationPort": {"number": 0}}})),
            "protocols[0].udp.destinationPort.number: \"0\" is not a number from 1 to 65535",
        ),
        (
            port(json!({"sctp": {"destinationPort": {"range": {"start": 9, "end": 8}}}})),
            "protocols[0].sctp.destinationPort.range.end: \"8\" is not at least start",
        ),
        (
            json!({"to": [{"nodes": {}}], "protocols": [{"tcp": {}}, {"destinationNamedPort": "web"}]}),
            "protocols[1].destinationNamedPort: \"web\" is not accepted with networks and nodes, which name no ports",
        ),
    ] {
        for (action, effect) in [
            ("Accept", "the rule accepts nothing"),
            ("Deny", "the rule denies everything"),
            ("Pass", "the rule denies everything"),
        ] {
            let mut rule = rule.clone();
            rule["action"] = action.into();
            let (policy, problems) = check(with(&rule));
            let dot = if fault.starts_with(':') { "" } else { "." };
            assert_eq!(problems, [format!("spec.egress[0]{dot}{fault}; {effect}")]);
            let policy = policy.unwrap();
            let everything = policy
                .rules(Direction::Egress)
                .iter()
                .map(|one| (one.action, &one.rule.peers, &one.rule.ports));
            let expected = [(Action::Deny, &Peers::Any, &Ports::Any)];
            let expected = if action == "Accept" {
                &expected[..0]
            } else {
                &expected
            };
            assert_eq!(everything.collect::<Vec<_>>(), expected, "{fault}");
        }
    }
    let (policy, problems) = check(with(&json!({"action": "Log"})));
    assert_eq!(
        problems,
        ["spec.egress[0].action: \"Log\" is not Accept, Deny or Pass; the rule denies everything"]
    );
    assert_eq!(policy.unwrap().rules(Direction::Egress)[0].action, Action::Deny);
}

#[test]
fn networks_and_nodes_are_for_egress() {
    let rule = json!({"action": "Deny", "from": [{"nodes": {}}]});
    let spec = json!({"tier": "Baseline", "priority": 0, "subject": {"namespaces": {}}, "ingress": [rule]});
    let (_, problems) = check(spec);
    assert_eq!(
        problems,
        [
            "spec.ingress[0].from[0]: \"networks or nodes\" is not namespaces or pods; the rule denies everything"
        ]
    );
}

#[test]
fn a_policy_without_tier_or_subject_is_left_out() {
    for (field, value) in [
        ("tier", json!("Middle")),
        ("subject", json!({})),
        ("subject", json!({"nodes": {}})),
        ("subject", json!({"serviceAccounts": {}})),
    ] {
        let mut spec = with(&json!({}));
        spec[field] = value;
        let (policy, problems) = check(spec);
        assert!(policy.is_none() && problems.len() == 1, "{problems:?}");
        assert!(
            problems[0].starts_with(&format!("spec.{field}"))
                && problems[0].ends_with("the policy has no effect")
        );
    }
}

#[test]
fn priorities_are_kept_in_their_range() {
    for (written, counts, problems) in [
        (json!(0), 0, 0),
        (json!(1000), 1000, 0),
        (json!(-1), 0, 1),
        (json!(1001), 1000, 1),
        (Value::Null, 1000, 1),
    ] {
        let mut spec = with(&json!({}));
        spec["priority"] = written;
        let (policy, found) = check(spec);
        assert_eq!(
            (policy.unwrap().priority, found.len()),
            (counts, problems),
            "{found:?}"
        );
    }
}
