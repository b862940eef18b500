//! Answers about pods without an address, held against what happens at every address that they may get.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::Ipv4Net;
use kinglet_model::{Object, ObjectName, Protocol};
use kinglet_policy::{Cluster, Packet, Path, PodNetworks, PolicySettings, Question, Transport, Verdict};
use serde_json::{Value, json};

const HTTP: Transport = Transport::Port(Protocol::Tcp, 80);
/// Small enough to try every address.
const NETWORK: &str = "10.0.0.0/28";

fn decode<T: Object>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

fn pod(name: &str, address: Option<IpAddr>) -> Value {
    json!({
        "metadata": {"namespace": "x", "name": name, "labels": {"app": name}},
        "status": {"podIP": address.map(|one| one.to_string()).unwrap_or_default()},
    })
}

/// Policies of both kinds: what the client may send, and what the server may get.
fn cluster(egress: &Value, ingress: &Value, tier: &Value) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.apply_namespace(&decode(json!({"metadata": {"name": "x"}})));
    let labels = |app: &str| json!({"matchLabels": {"app": app}});
    for (name, app, direction, rules) in [
        ("out", "client", "egress", egress),
        ("in", "server", "ingress", ingress),
    ] {
        if !rules.is_null() {
            let kind = if direction == "egress" {
                "Egress"
            } else {
                "Ingress"
            };
            cluster.apply_policy(&decode(json!({
                "metadata": {"namespace": "x", "name": name},
                "spec": {"podSelector": labels(app), "policyTypes": [kind], direction: rules},
            })));
        }
    }
    if !tier.is_null() {
        cluster.apply_cluster_policy(&decode(json!({
            "metadata": {"name": "tier"},
            "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": tier},
        })));
    }
    cluster
}

/// What is the same wherever the pods are.
fn tried(cluster: &Cluster, network: Ipv4Net) -> Verdict {
    let hosts: Vec<IpAddr> = network.hosts().map(IpAddr::V4).collect();
    let pairs = hosts
        .iter()
        .flat_map(|one| hosts.iter().map(move |other| (*one, *other)));
    let verdicts = pairs
        .filter(|(one, other)| one != other)
        .map(|(source, destination)| {
            let mut cluster = cluster.clone();
            cluster.apply_pod(Arc::new(decode(pod("client", Some(source)))));
            cluster.apply_pod(Arc::new(decode(pod("server", Some(destination)))));
            let packet = Packet::new(source, destination, HTTP);
            if cluster.evaluate(&packet, &PolicySettings::default()).allowed() {
                Verdict::Allowed
            } else {
                Verdict::Denied
            }
        });
    Verdict::of_alternatives(verdicts).unwrap()
}

fn answered(mut cluster: Cluster, network: Ipv4Net) -> Verdict {
    for name in ["client", "server"] {
        cluster.apply_pod(Arc::new(decode(pod(name, None))));
    }
    let networks = PodNetworks::of(&[network.into()]);
    let end = |name| {
        let pod = cluster.pod(&ObjectName::new("x", name)).unwrap();
        cluster.endpoint(pod, &networks).unwrap()
    };
    let question = Question {
        from: end("client"),
        to: end("server"),
        transport: HTTP,
    };
    let paths = |_, _| vec![Path::Forwarded];
    cluster
        .answer(&question, paths, &PolicySettings::default())
        .unwrap()
        .verdict
}

#[test]
fn an_answer_is_what_every_address_has_in_common() {
    let blocks = |direction: &str, blocks: &[(&str, &[&str])]| {
        let peers = blocks
            .iter()
            .map(|(cidr, except)| json!({"ipBlock": {"cidr": cidr, "except": except}}));
        json!([{direction: peers.collect::<Vec<_>>()}])
    };
    let to_half = blocks("to", &[("10.0.0.0/29", &[])]);
    let to_all = blocks("to", &[("10.0.0.0/29", &[]), ("10.0.0.8/29", &[])]);
    let to_none = blocks("to", &[("10.0.0.0/8", &["10.0.0.0/16"]), ("192.0.2.0/24", &[])]);
    let from_one = blocks("from", &[("10.0.0.7/32", &[])]);
    let from_most = blocks("from", &[("0.0.0.0/0", &["10.0.0.9/32"])]);
    let server = json!([{"to": [{"podSelector": {"matchLabels": {"app": "server"}}}, {"ipBlock": {"cidr": "10.0.0.0/30"}}]}]);
    let deny = json!([{"action": "Deny", "to": [{"networks": ["10.0.0.12/30"]}]}]);
    let deny_all = json!([{"action": "Deny", "to": [{"networks": ["10.0.0.0/24"]}]}]);
    let network = NETWORK.parse().unwrap();
    let none = Value::Null;
    let mut seen = Vec::new();
    for egress in [&none, &to_half, &to_all, &to_none, &server] {
        for ingress in [&none, &from_one, &from_most] {
            for tier in [&none, &deny, &deny_all] {
                let cluster = cluster(egress, ingress, tier);
                let expected = tried(&cluster, network);
                assert_eq!(answered(cluster, network), expected, "{egress} {ingress} {tier}");
                seen.push(expected);
            }
        }
    }
    for verdict in [Verdict::Allowed, Verdict::Denied, Verdict::Depends] {
        assert!(seen.contains(&verdict), "{verdict:?} did not occur");
    }
}
