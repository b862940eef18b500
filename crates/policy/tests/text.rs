//! What operators read: the table, explanations, who reaches whom.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use kinglet_model::{Object, Protocol};
use kinglet_nft::Ownership;
use kinglet_policy::{Deny, Packet, Policies, Settings, Transport};
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
    let settings = Settings {
        node: "here".into(),
        cluster_cidrs: vec!["10.42.0.0/16".parse().unwrap()],
        ..Settings::default()
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
    policies
}

#[test]
fn the_table() {
    let text = policies().ruleset().to_string();
    let expected = include_str!("text/table.nft");
    assert!(text == expected, "{text}");
}

#[test]
fn denied_packets_can_just_be_dropped() {
    let settings = Settings {
        deny: Deny::Drop,
        egress_to_node: false,
        icmp_echo: false,
        ..Settings::default()
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
    let explanation = policies.cluster().explain(&packet, &Settings::default());
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
    assert_eq!((remedy.lack_port.len(), remedy.lack_peer.len()), (1, 0));
}

#[test]
fn who_reaches_whom() {
    let policies = policies();
    let reach = policies
        .cluster()
        .reachability("shop", HTTP, &Settings::default());
    let names: Vec<_> = reach.pods.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["shop/db", "shop/web"]);
    // Itself, and web only by its named port; web to db is not allowed by port 80.
    assert_eq!(
        reach.cells,
        [[Some(true), Some(false)], [Some(false), Some(true)]]
    );
}
