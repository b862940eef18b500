//! What operators read: the table, explanations, who reaches whom.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use kinglet_model::{Object, ObjectName, Protocol};
use kinglet_nft::Ownership;
use kinglet_policy::{Deny, Packet, PodNetworks, Policies, PolicySettings, RemedyKind, Transport, Verdict};
use serde_json::{Value, json};

const HTTP: Transport = Transport::Port(Protocol::Tcp, 80);

fn decode<T: Object>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

fn pod(name: &str, ip: &str) -> Value {
    json!({
        "metadata": {"namespace": "shop", "name": name, "labels": {"app": name}},
        "spec": {"nodeName": "here", "containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]},
        "status": {"phase": "Running", "podIP": ip},
    })
}

fn policies() -> Policies {
    let settings = PolicySettings {
        node: "here".into(),
        cluster_cidrs: vec!["10.42.0.0/16".parse().unwrap()],
        ..PolicySettings::default()
    };
    let mut policies = Policies::new(settings, Ownership::Shared);
    policies.apply_pod(Arc::new(decode(pod("web", "10.42.0.1"))));
    policies.apply_pod(Arc::new(decode(pod("db", "10.42.0.2"))));
    policies.apply_policy(&decode(json!({
        "metadata": {"namespace": "shop", "name": "db"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{
                "from": [{"podSelector": {"matchLabels": {"app": "web"}}}],
                "ports": [{"port": 5432}, {"port": 9000, "endPort": 9010, "protocol": "UDP"}],
            }],
            "egress": [
                {"to": [{"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.128/25"]}}], "ports": [{"protocol": "TCP"}]},
                {"to": [{"podSelector": {}}], "ports": [{"port": "http"}]},
            ],
        },
    })));
    policies.settle();
    policies
}

#[test]
fn the_table() {
    let text = policies().ruleset().to_string();
    let expected = include_str!("text/table.nft");
    assert!(text == expected, "{text}");
}

#[test]
fn rules_are_for_the_families_that_pods_are_in() {
    let mut policies = policies();
    policies.replacement();
    policies.take_effect();
    policies.apply_pod(Arc::new(decode(pod("six", "fd00::1"))));
    assert!(policies.families_changed() && policies.additions().is_empty());
    let batch = policies.changes();
    assert!(!policies.families_changed() && policies.changes().is_empty());
    assert_eq!(batch.len(), policies.replacement().len());
    let text = policies.ruleset().to_string();
    let expected = include_str!("text/families.nft");
    assert!(text == expected, "{text}");
    policies.remove_pod(&ObjectName::new("shop", "six"));
    assert!(policies.families_changed());
    policies.replacement();
    assert_eq!(policies.ruleset().to_string(), include_str!("text/table.nft"));
}

/// Both tiers around a policy that isolates one of the pods.
fn tiers() -> Policies {
    let mut policies = policies();
    policies.apply_namespace(&decode(json!({"metadata": {"name": "shop"}})));
    let everybody = json!({"namespaces": {}});
    policies.apply_cluster_policy(&decode(json!({
        "metadata": {"name": "lock"},
        "spec": {
            "tier": "Admin", "priority": 10, "subject": everybody,
            "ingress": [
                {"action": "Pass", "from": [everybody], "protocols": [{"tcp": {"destinationPort": {"number": 5432}}}]},
                {"action": "Deny", "from": [{"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}}],
                 "protocols": [{"tcp": {"destinationPort": {"range": {"start": 1, "end": 1023}}}}, {"sctp": {}}]},
            ],
            "egress": [{"action": "Accept", "to": [{"nodes": {"matchLabels": {"role": "dns"}}}]}],
        },
    })));
    policies.apply_cluster_policy(&decode(json!({
        "metadata": {"name": "closed"},
        "spec": {
            "tier": "Baseline", "priority": 10, "subject": everybody,
            "ingress": [{"action": "Deny", "from": [everybody]}],
        },
    })));
    policies.apply_node(&decode(json!({
        "metadata": {"name": "other", "labels": {"role": "dns"}},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.7"}]},
    })));
    policies
}

#[test]
fn the_chains_of_tiers() {
    let mut policies = tiers();
    // Without what nothing leads to any more.
    policies.replacement();
    let text = policies.ruleset().to_string();
    let profiles: Vec<&str> = text
        .split("\n\n")
        .filter(|part| part.contains("chain i_") || part.contains("chain e_"))
        .collect();
    let maps = text
        .split("\n\n")
        .filter(|part| part.contains("map in4") || part.contains("map eg4") || part.contains("set h4"));
    let shown: Vec<&str> = maps.chain(profiles).collect();
    let text = shown.join("\n\n");
    let expected = include_str!("text/tiers.nft");
    assert!(text == expected, "{text}");
}

#[test]
fn an_explanation_tells_the_tier() {
    let policies = tiers();
    let packet = |port| {
        let transport = Transport::Port(Protocol::Tcp, port);
        Packet::new(
            "10.42.0.1".parse().unwrap(),
            "10.42.0.2".parse().unwrap(),
            transport,
        )
    };
    let explain = |packet| {
        policies
            .cluster()
            .explain(&packet, &PolicySettings::default())
            .to_string()
    };
    assert_eq!(
        explain(packet(80)),
        "denied: shop/web (10.42.0.1) to shop/db (10.42.0.2), tcp 80\n  \
         egress: no policy isolates shop/web, everything is allowed.\n  \
         ingress: ClusterNetworkPolicy lock spec.ingress[1] (Admin tier) denies it.\n  \
         To allow it on the side of shop/db: change ClusterNetworkPolicy lock spec.ingress[1], or add a rule of the Admin tier before it \
         that accepts it, or passes it on to policies that allow it.\n"
    );
    assert_eq!(
        explain(packet(5432)),
        "allowed: shop/web (10.42.0.1) to shop/db (10.42.0.2), tcp 5432\n  \
         egress: no policy isolates shop/web, everything is allowed.\n  \
         ingress: ClusterNetworkPolicy lock spec.ingress[0] (Admin tier) passes it on; shop/db is isolated by shop/db; \
         shop/db spec.ingress[0] allows it.\n"
    );
    let back = Packet {
        source: packet(0).destination,
        destination: packet(0).source,
        ..packet(8080)
    };
    let text = explain(back);
    assert!(text.starts_with("denied"), "{text}");
    assert!(
        text.contains("ingress: ClusterNetworkPolicy closed spec.ingress[0] (Baseline tier) denies it."),
        "{text}"
    );
    assert!(
        text.contains("or allow it by a NetworkPolicy that selects the pod."),
        "{text}"
    );
}

#[test]
fn denied_packets_can_just_be_dropped() {
    let settings = PolicySettings {
        deny: Deny::Drop,
        egress_to_node: false,
        icmp_echo: false,
        ..PolicySettings::default()
    };
    let text = Policies::new(settings, Ownership::Shared).ruleset().to_string();
    for absent in ["reject", "hook input", "echo-request"] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
}

#[test]
fn an_explanation_tells_what_would_have_to_change() {
    let policies = policies();
    let packet = Packet::new("10.42.0.1".parse().unwrap(), "10.42.0.2".parse().unwrap(), HTTP);
    let explanation = policies.cluster().explain(&packet, &PolicySettings::default());
    assert_eq!(
        explanation.to_string(),
        "denied: shop/web (10.42.0.1) to shop/db (10.42.0.2), tcp 80\n  \
         egress: no policy isolates shop/web, everything is allowed.\n  \
         ingress: shop/db is isolated by shop/db; no rule allows it.\n  \
         shop/db spec.ingress[0] does not match the port.\n  \
         To allow it on the side of shop/db: add the port to shop/db spec.ingress[0]; or add a rule to spec.ingress of any of shop/db, \
         or of another policy that selects the pod.\n"
    );
    let [remedy] = &explanation.remedies[..] else {
        unreachable!()
    };
    let RemedyKind::Allow {
        lack_port, lack_peer, ..
    } = &remedy.kind
    else {
        unreachable!()
    };
    assert_eq!((lack_port.len(), lack_peer.len()), (1, 0));
}

#[test]
fn who_reaches_whom() {
    let policies = policies();
    let reach = policies.cluster().reachability(
        &["shop".into()],
        |_| Some(HTTP),
        &PodNetworks::default(),
        &PolicySettings::default(),
    );
    let names: Vec<_> = reach.pods.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["shop/db", "shop/web"]);
    let (allowed, denied) = (Some(Verdict::Allowed), Some(Verdict::Denied));
    // Itself, and web only by its named port; web to db is not allowed by port 80.
    assert_eq!(reach.cells, [[allowed, denied], [denied, allowed]]);
}
