//! What a change costs, in messages, in a cluster with many pods and policies.

use std::sync::Arc;

use kinglet_nft::Ownership;
use kinglet_policy::Policies;
use serde_json::{Value, json};

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
    assert!(policies.changes().is_empty());
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
    assert_eq!(policies.changes().len(), 2);
    assert!(policies.take_effect().relaxes);
    policies.apply_cluster_policy(&cluster_policy(30, 81));
    assert!(policies.additions().is_empty() && policies.changes().is_empty());
}
