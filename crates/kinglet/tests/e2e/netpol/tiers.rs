//! ClusterNetworkPolicies around NetworkPolicies, with a CRD that comes and goes while agents run.

use serde_json::{Value, json};

use super::world::{World, cluster_policy, is_experimental, policy};
use crate::hello::eventually;
use crate::lab::is_possible;

fn pods(namespace: &str, pod: &str) -> Value {
    let labels = |key: &str, value: &str| json!({"matchLabels": {key: value}});
    json!({"pods": {"namespaceSelector": labels("ns", namespace), "podSelector": labels("pod", pod)}})
}

fn all_of(namespace: &str) -> Value {
    json!({"namespaces": {"matchLabels": {"ns": namespace}}})
}

fn fits(world: &mut World, what: &str) -> (usize, usize) {
    world.settle();
    assert_eq!(world.differences(), Vec::<String>::new(), "{what}");
    world.tally()
}

/// How a pod's connection to another one fails.
fn fails(world: &World, from: &str, to: &str, port: &str, how: &str) {
    let outcome = world.lab.probe(from, to, port);
    assert_eq!(outcome["result"], how, "{from} to {to}: {outcome}");
}

/// A missing CRD is nothing to speak of.
fn nothing_is_said(world: &World) {
    for node in ["node-1", "node-2"] {
        let log = world.lab.log_of(node, "agent");
        assert!(!log.contains("ClusterNetworkPolicy"), "{log}");
    }
}

/// Some agent says which policy denied. Few packets a second are told, so there must be some from time to
/// time.
fn is_told(world: &World, policy: &str) {
    eventually(|| {
        world.differences();
        let logs = ["node-1", "node-2"].map(|node| world.lab.log_of(node, "agent"));
        let lines = logs.iter().flat_map(|log| log.lines());
        let mut denials = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if denials.any(|denial| denial["policies"] == json!([policy])) {
            Ok(())
        } else {
            Err(logs.concat())
        }
    });
}

/// An Event says what cannot be used.
fn is_reported(world: &World, policy: &str, note: &str) {
    eventually(|| {
        let events = world.events();
        let about = |event: &&Value| {
            let regarding = &event["regarding"];
            regarding["kind"] == "ClusterNetworkPolicy" && regarding["name"] == policy
        };
        match events.iter().find(about) {
            Some(event) if event["note"] == note && event["reason"] == "InvalidPolicy" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

#[test]
fn tiers_come_and_go() {
    if !is_possible() {
        return;
    }
    let mut world = World::new(2, &[]);
    world.apply(&policy("x", "open", json!({"podSelector": {}, "ingress": [{}]})));
    let (all, none) = fits(&mut world, "no CRD");
    assert_eq!(none, 0);
    nothing_is_said(&world);

    world.install_tiers();
    let deny = json!([{"action": "Deny", "from": [all_of("y")]}]);
    world.apply(&cluster_policy(
        "lock",
        "Admin",
        50,
        &all_of("x"),
        &json!({"ingress": deny}),
    ));
    let (_, closed) = fits(&mut world, "Admin denies what a NetworkPolicy allows");
    // Three pods from three each, two families, three ports.
    assert_eq!(closed, 3 * 3 * 2 * 3);
    fails(&world, "y/a", "x/a", "80", "timeout");
    is_told(&world, "lock");

    let pass = json!([{"action": "Pass", "from": [pods("y", "a")], "protocols": [{"tcp": {"destinationPort": {"number": 80}}}]}]);
    world.apply(&cluster_policy(
        "but",
        "Admin",
        40,
        &all_of("x"),
        &json!({"ingress": pass}),
    ));
    let (_, fewer) = fits(&mut world, "one pod passes on one port");
    assert_eq!(fewer, closed - 3 * 2);

    world.serve_oldest_tiers();
    let everybody = json!({"namespaces": {}});
    let rules = json!({"ingress": [{"action": "Deny", "from": [everybody]}]});
    world.apply(&cluster_policy("closed", "Baseline", 1, &all_of("z"), &rules));
    let (_, more) = fits(&mut world, "nobody may reach z");
    assert_eq!(more, fewer + 3 * 8 * 2 * 3);
    world.apply(&policy(
        "z",
        "http",
        json!({"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}),
    ));
    let (_, opened) = fits(&mut world, "but as a NetworkPolicy says");
    assert_eq!(opened, more - 3 * 8 * 2);
    // Only what a tier denies is dropped.
    fails(&world, "y/a", "z/a", "81", "refused");

    let networks = json!({"networks": [format!("{}/32", world.address("y/b", true))]});
    let udp = json!([{"udp": {"destinationPort": {"range": {"start": 1, "end": 65535}}}}]);
    let deny = json!({"action": "Deny", "to": [networks], "protocols": udp});
    let names = json!({"action": "Accept", "to": [{"domainNames": ["example.com"]}]});
    let of = |rules: Value| cluster_policy("out", "Admin", 60, &all_of("x"), &json!({"egress": rules}));
    if is_experimental() {
        world.apply(&of(json!([names, deny])));
    } else {
        world.refuses(&of(json!([names, deny])), "domainNames");
        world.apply(&of(json!([deny])));
    }
    let (_, out) = fits(&mut world, "an address is out of reach with UDP");
    assert_eq!(out, opened + 3);
    if is_experimental() {
        is_reported(
            &world,
            "out",
            "spec.egress[0].to[0].domainNames: \"example.com\" is not supported; the rule accepts nothing",
        );
    }

    world.uninstall_tiers();
    // Only the NetworkPolicy of z is left.
    let (_, left) = world.tally();
    assert_eq!(left, 3 * 8 * 2 * 2);
    eventually(|| match world.differences()[..] {
        [] => Ok(()),
        ref some => Err(some.join("\n")),
    });
    world.delete_policy("z", "http");
    assert_eq!(fits(&mut world, "everything is gone"), (all, 0));
}
