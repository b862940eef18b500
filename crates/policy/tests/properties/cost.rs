//! What a change costs, in messages, in a cluster with many pods and policies.

use std::sync::Arc;

use kinglet_nft::Ownership;
use kinglet_policy::Policies;
use serde_json::{Value, json};

use crate::commit;
use crate::events::settings;

fn pod(namespace: usize, number: usize, node: &str) -> Arc<kinglet_model::Pod> {
    let object = json!({
        "metadata": {"namespace": format!("n{namespace}"), "name": format!("p{number}"), "labels": {"app": "web"}},
        "spec": {"nodeName": node, "containers": []},
        "status": {"phase": "Running", "podIP": format!("10.0.{namespace}.{number}")},
    });
    Arc::new(serde_json::from_value(object).unwrap())
}

fn policy(namespace: usize, number: usize, ports: &Value) -> kinglet_model::NetworkPolicy {
    let object = json!({
        "metadata": {"namespace": format!("n{namespace}"), "name": format!("p{number}")},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": ports}],
        },
    });
    serde_json::from_value(object).unwrap()
}

#[test]
fn a_change_touches_only_what_it_is_about() {
    let mut policies = Policies::new(settings(), Ownership::Shared);
    for namespace in 0..20 {
        for number in 0..10 {
            policies.apply_pod(pod(namespace, number, if number < 3 { "here" } else { "there" }));
            policies.apply_policy(&policy(namespace, number, &json!([{"port": 80 + number}])));
        }
    }
    assert!(policies.replacement().len() > 100);
    // A replica elsewhere: known, and a member of the peers.
    policies.apply_pod(pod(7, 11, "there"));
    assert_eq!(policies.changes().len(), 2);
    // A replica here: also a pair with itself, and an element in the map, which leads to the chain of the
    // others.
    policies.apply_pod(pod(7, 12, "here"));
    assert_eq!(policies.changes().len(), 4);
    // A policy that allows more: a chain, then the elements that lead there, later the end of the chain
    // before.
    policies.apply_policy(&policy(7, 3, &json!([{"port": 90}])));
    let messages = policies.additions().len();
    assert!(messages <= 14, "{messages} messages");
    assert_eq!(policies.changes().len(), 2);
    policies.sweep();
    assert!(policies.changes().is_empty());
    policies.sweep();
    policies.take_effect();
    assert_eq!(policies.changes().len(), 2);
    assert_eq!(policies.take_effect(), kinglet_policy::Effect::default());
    // The same in the wrong order: the chain is still there.
    policies.apply_policy(&policy(7, 3, &json!([{"port": 91}])));
    policies.additions();
    policies.changes();
    policies.apply_policy(&policy(7, 3, &json!([{"port": 90}])));
    assert!(policies.additions().is_empty());
    assert_eq!(policies.changes().len(), 2);
    // A policy about nobody.
    policies.apply_policy(&policy(30, 3, &json!([])));
    assert_eq!(commit(&mut policies), 0);
}

fn cluster_policy(namespace: usize, port: u16) -> kinglet_model::ClusterNetworkPolicy {
    let subject =
        json!({"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": format!("n{namespace}")}}});
    let object = json!({
        "metadata": {"name": "lock"},
        "spec": {
            "tier": "Admin", "priority": 1, "subject": subject,
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}], "protocols": [{"tcp": {"destinationPort": {"number": port}}}]}],
        },
    });
    serde_json::from_value(object).unwrap()
}

#[test]
fn a_policy_of_the_cluster_touches_only_its_subjects() {
    let mut policies = Policies::new(settings(), Ownership::Shared);
    for namespace in 0..20 {
        let object = json!({"metadata": {"name": format!("n{namespace}")}});
        policies.apply_namespace(&serde_json::from_value(object).unwrap());
        for number in 0..10 {
            policies.apply_pod(pod(namespace, number, if number < 3 { "here" } else { "there" }));
        }
        policies.apply_policy(&policy(namespace, 0, &json!([{"port": 80}])));
    }
    policies.replacement();
    // A set of all pods, and one chain before the one that is there already.
    policies.apply_cluster_policy(&cluster_policy(7, 81));
    let messages = policies.additions().len();
    assert!(messages <= 7, "{messages} messages");
    // Three elements lead there: deleted together, added together.
    assert_eq!(policies.changes().len(), 2);
    // About other pods: also the elements of those of before.
    policies.apply_cluster_policy(&cluster_policy(8, 81));
    assert!(policies.additions().len() <= 4);
    assert_eq!(policies.changes().len(), 2);
    // The same again.
    policies.apply_cluster_policy(&cluster_policy(8, 81));
    assert!(policies.additions().is_empty() && policies.changes().is_empty());
    // About nobody.
    policies.take_effect();
    policies.remove_cluster_policy(&kinglet_model::ObjectName::cluster("lock"));
    assert_eq!(commit(&mut policies), 2);
    assert!(policies.take_effect().relaxes);
    policies.apply_cluster_policy(&cluster_policy(30, 81));
    assert!(policies.additions().is_empty() && policies.changes().is_empty());
}

/// Many policies of a namespace, each with peers and a port of its own.
fn of_many(namespace: usize, number: usize) -> kinglet_model::NetworkPolicy {
    let block = format!("198.51.{}.{}/32", number / 256, number % 256);
    let peers = json!([
        {"podSelector": {"matchLabels": {"role": format!("r{number}")}}},
        {"ipBlock": {"cidr": block}},
    ]);
    let object = json!({
        "metadata": {"namespace": format!("n{namespace}"), "name": format!("of-many-{number}")},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "ingress": [{"from": peers, "ports": [{"port": 1000 + number}, {"port": 80}]}],
        },
    });
    serde_json::from_value(object).unwrap()
}

/// The messages, and the policies compiled, of a change.
fn cost(policies: &mut Policies, change: impl FnOnce(&mut Policies)) -> (usize, usize) {
    let before = policies.compiled();
    change(policies);
    let messages = commit(policies);
    assert!(!policies.is_behind());
    (messages, policies.compiled() - before)
}

#[test]
fn a_change_of_one_of_many_policies_of_a_pod_is_small() {
    let mut policies = Policies::new(settings(), Ownership::Shared);
    policies.apply_pod(pod(0, 1, "here"));
    (0..1000).for_each(|number| policies.apply_policy(&of_many(0, number)));
    policies.replacement();
    let mut most = (0, 0);
    for number in 1000..1100 {
        let object = of_many(0, number);
        let name = kinglet_model::Object::object_name(&object);
        let added = cost(&mut policies, |policies| policies.apply_policy(&object));
        let removed = cost(&mut policies, |policies| policies.remove_policy(&name));
        assert!(added.0 > 1 && removed.0 > 1);
        // What was there before the addition is there still.
        assert_eq!(removed.1, 0);
        most = (most.0.max(added.0).max(removed.0), most.1.max(added.1));
    }
    assert!(most.0 <= 350 && most.1 <= 130, "{most:?} messages and policies");
}

#[test]
fn many_policies_of_a_pod_are_added_and_deleted_in_proportion() {
    let total = |count: usize| {
        let mut policies = Policies::new(settings(), Ownership::Shared);
        policies.apply_pod(pod(0, 1, "here"));
        policies.replacement();
        let mut all = [0; 2];
        for number in 0..count {
            let (messages, compiled) = cost(&mut policies, |policies| {
                policies.apply_policy(&of_many(0, number));
            });
            all[0] += messages + compiled;
            policies.sweep();
        }
        for number in 0..count {
            let name = kinglet_model::Object::object_name(&of_many(0, number));
            let (messages, compiled) = cost(&mut policies, |policies| policies.remove_policy(&name));
            all[1] += messages + compiled;
            policies.sweep();
        }
        all
    };
    let (some, many) = (total(200), total(800));
    for (some, many) in some.into_iter().zip(many) {
        // Four times as many; were the cost of each in proportion to their number, it would be 16 times.
        assert!(many < some * 8, "{some} for 200, {many} for 800");
    }
    assert!(
        many[1] < many[0] * 5 / 4,
        "{many:?}: a deletion costs more than an addition"
    );
}

#[test]
fn a_pod_does_not_wait_for_the_policies_of_another() {
    let mut policies = Policies::new(settings(), Ownership::Shared);
    policies.apply_pod(pod(0, 1, "here"));
    policies.apply_pod(pod(1, 1, "here"));
    policies.replacement();
    (0..6000).for_each(|number| policies.apply_policy(&of_many(0, number)));
    assert!(commit(&mut policies) < 8_000 && policies.is_behind());
    assert_eq!(
        policies.rules().size().isolated,
        0,
        "not before all of its rules are there"
    );
    policies.apply_policy(&policy(1, 0, &json!([{"port": 80}])));
    let mut commits = 0;
    while policies.rules().size().isolated == 0 {
        assert!(commit(&mut policies) < 8_000);
        commits += 1;
    }
    assert!(commits <= 2 && policies.is_behind(), "{commits} commits");
    while policies.is_behind() {
        assert!(commit(&mut policies) < 8_000);
    }
    assert_eq!(policies.rules().size().isolated, 2);
}
