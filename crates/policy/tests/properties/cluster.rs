//! Random policies of the cluster, and nodes.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{BLOCKS, Event, labels, selector};

pub(super) const POLICIES: &[&str] = &["first", "second", "third"];
pub(super) const NODES: &[&str] = &["here", "there"];

pub(super) fn node() -> impl Strategy<Value = Event> {
    let addresses = subsequence(&["192.0.2.1", "10.0.0.4", "64:ff9b::1", "localhost"][..], 0..=3);
    (select(NODES), labels(), addresses).prop_map(|(name, labels, addresses)| {
        let addresses = addresses
            .iter()
            .map(|address| json!({"type": "InternalIP", "address": address}));
        let object = json!({
            "metadata": {"name": name, "labels": labels},
            "status": {"addresses": addresses.collect::<Vec<_>>()},
        });
        Event::Node(Arc::new(serde_json::from_value(object).unwrap()))
    })
}

pub(super) fn policy<N: AsRef<str> + std::fmt::Debug>(
    name: impl Strategy<Value = N>,
) -> impl Strategy<Value = Event> {
    let tier = select(&["Admin", "Admin", "Admin", "Baseline", "Baseline", "Middle"][..]);
    let place = (name, tier, select(&[0, 1, 1, 2000][..]));
    let ingress = prop::collection::vec(rule("from", pods()), 0..4);
    let egress = prop::collection::vec(rule("to", anybody()), 0..4);
    (place, pods(), ingress, egress).prop_map(|((name, tier, priority), subject, ingress, egress)| {
        let object = json!({
            "metadata": {"name": name.as_ref()},
            "spec": {
                "tier": tier, "priority": priority, "subject": subject, "ingress": ingress, "egress": egress,
            },
        });
        Event::ClusterPolicy(Arc::new(serde_json::from_value(object).unwrap()))
    })
}

fn rule(field: &'static str, peer: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let action = prop_oneof![
        19 => select(&["Accept", "Deny", "Pass"][..]),
        1 => Just("Log"),
    ];
    let protocols = prop::option::of(prop::collection::vec(protocol(), 1..4));
    (action, prop::collection::vec(peer, 1..3), protocols).prop_map(move |(action, peers, protocols)| {
        let mut rule = json!({"action": action, field: peers});
        if let Some(protocols) = protocols {
            rule["protocols"] = protocols.into();
        }
        rule
    })
}

fn pods() -> impl Strategy<Value = Value> {
    prop_oneof![
        10 => selector().prop_map(|spaces| json!({"namespaces": spaces})),
        10 => (selector(), selector())
            .prop_map(|(spaces, pods)| json!({"pods": {"namespaceSelector": spaces, "podSelector": pods}})),
        1 => Just(json!({"planets": ["Mars"]})),
    ]
}

fn anybody() -> impl Strategy<Value = Value> {
    prop_oneof![
        12 => pods(),
        8 => subsequence(BLOCKS, 1..=2).prop_map(|networks| json!({"networks": networks})),
        4 => selector().prop_map(|nodes| json!({"nodes": nodes})),
        1 => Just(json!({"domainNames": ["example.com"]})),
    ]
}

fn protocol() -> impl Strategy<Value = Value> {
    let port = prop_oneof![
        2 => Just(json!({})),
        8 => (80..83).prop_map(|number| json!({"destinationPort": {"number": number}})),
        4 => (79..82, 80..84).prop_map(|(start, end)| json!({"destinationPort": {"range": {"start": start, "end": end}}})),
    ];
    let numbered = (select(&["tcp", "tcp", "udp", "sctp"][..]), port)
        .prop_map(|(protocol, port)| json!({protocol: port}));
    let named = select(&["web", "dns"][..]).prop_map(|name| json!({"destinationNamedPort": name}));
    prop_oneof![9 => numbered, 3 => named]
}
