//! Policies come and go, and packets follow at once, on one node and between two.

use serde_json::json;

use super::world::{World, policy};
use crate::lab::is_possible;

/// One rule at a time, each with what it must allow and forbid.
fn steps(world: &mut World) {
    let fits = |world: &mut World, what: &str| {
        world.settle();
        assert_eq!(world.differences(), Vec::<String>::new(), "{what}");
        world.tally()
    };
    let (all, none) = fits(world, "no policy");
    assert_eq!(none, 0);

    world.apply(&policy(
        "x",
        "deny",
        json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
    ));
    let (_, closed) = fits(world, "nobody may reach x");
    // Three pods, eight others each, two families, three ports.
    assert_eq!(closed, 3 * 8 * 2 * 3);

    let rule = json!([{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}]}]);
    world.apply(&policy(
        "x",
        "pods",
        json!({"podSelector": {"matchLabels": {"pod": "a"}}, "ingress": rule}),
    ));
    let (_, fewer) = fits(world, "b of the same namespace may reach a");
    assert_eq!(fewer, closed - 6);

    let rule = json!([{
        "from": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}],
        "ports": [{"port": 80}, {"port": "web"}],
    }]);
    world.apply(&policy(
        "x",
        "spaces",
        json!({"podSelector": {}, "ingress": rule}),
    ));
    // 80 of a, of c and, with 81, of b.
    let (_, fewer_still) = fits(world, "pods of y may reach named ports");
    assert_eq!(fewer_still, fewer - 3 * 2 * 4);

    world.apply(&policy(
        "z",
        "out",
        json!({"podSelector": {}, "policyTypes": ["Egress"]}),
    ));
    fits(world, "z may reach nobody");
    let peers = json!([{"ipBlock": {"cidr": format!("{}/32", world.address("y/c", true))}}]);
    world.apply(&policy("z", "block", json!({
        "podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": peers, "ports": [{"protocol": "UDP"}]}],
    })));
    fits(world, "z may reach one address");

    for (namespace, name) in [
        ("x", "deny"),
        ("x", "pods"),
        ("x", "spaces"),
        ("z", "out"),
        ("z", "block"),
    ] {
        world.delete_policy(namespace, name);
    }
    assert_eq!(fits(world, "no policy any more"), (all, 0));
}

#[test]
fn packets_follow_policies_on_one_node() {
    if is_possible() {
        steps(&mut World::new(1, &[]));
    }
}

#[test]
fn packets_follow_policies_between_nodes() {
    if is_possible() {
        steps(&mut World::new(2, &[]));
    }
}

#[test]
fn packets_follow_policies_between_routed_pods() {
    if is_possible() {
        steps(&mut World::new(2, &["--pod-network", "routed"]));
    }
}
