//! Random changes of a small cluster: few namespaces, labels and addresses, so that things meet.

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, ObjectName, Pod};
use kinglet_policy::{Policies, PolicySettings};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

#[path = "cluster.rs"]
mod cluster;

/// A change.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Namespace(Arc<Namespace>),
    NoNamespace(&'static str),
    Pod(Arc<Pod>),
    NoPod(ObjectName),
    Policy(Arc<NetworkPolicy>),
    NoPolicy(ObjectName),
    ClusterPolicy(Arc<ClusterNetworkPolicy>),
    NoClusterPolicy(ObjectName),
    Node(Arc<Node>),
    NoNode(&'static str),
}

/// What is there after some changes.
#[derive(Default)]
pub(crate) struct Present(BTreeMap<(u8, ObjectName), Event>);

impl Event {
    pub(crate) fn apply(&self, policies: &mut Policies) {
        match self {
            Self::Namespace(namespace) => policies.apply_namespace(namespace),
            Self::NoNamespace(name) => policies.remove_namespace(name),
            Self::Pod(pod) => policies.apply_pod(pod.clone()),
            Self::NoPod(name) => policies.remove_pod(name),
            Self::Policy(policy) => policies.apply_policy(policy),
            Self::NoPolicy(name) => policies.remove_policy(name),
            Self::ClusterPolicy(policy) => policies.apply_cluster_policy(policy),
            Self::NoClusterPolicy(name) => policies.remove_cluster_policy(name),
            Self::Node(node) => policies.apply_node(node),
            Self::NoNode(name) => policies.remove_node(name),
        }
    }
}

impl Present {
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Namespace(it) => self.0.insert((2, it.metadata.object_name()), event.clone()),
            Event::NoNamespace(name) => self.0.remove(&(2, ObjectName::cluster(*name))),
            Event::Pod(it) => self.0.insert((1, it.metadata.object_name()), event.clone()),
            Event::NoPod(name) => self.0.remove(&(1, name.clone())),
            Event::Policy(it) => self.0.insert((0, it.metadata.object_name()), event.clone()),
            Event::NoPolicy(name) => self.0.remove(&(0, name.clone())),
            Event::ClusterPolicy(it) => self.0.insert((3, it.metadata.object_name()), event.clone()),
            Event::NoClusterPolicy(name) => self.0.remove(&(3, name.clone())),
            Event::Node(it) => self.0.insert((4, it.metadata.object_name()), event.clone()),
            Event::NoNode(name) => self.0.remove(&(4, ObjectName::cluster(*name))),
        };
    }

    /// The changes that lead here by the shortest way, policies first.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.0.values()
    }
}

pub(crate) fn settings() -> PolicySettings {
    PolicySettings {
        node: "here".into(),
        cluster_cidrs: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
        ..PolicySettings::default()
    }
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => namespace(),
        1 => select(NAMESPACES).prop_map(Event::NoNamespace),
        6 => pod(),
        1 => (select(NAMESPACES), select(PODS)).prop_map(|(space, name)| Event::NoPod(ObjectName::new(space, name))),
        6 => policy(select(NAMESPACES), select(POLICIES)),
        1 => (select(NAMESPACES), select(POLICIES)).prop_map(|(space, name)| Event::NoPolicy(ObjectName::new(space, name))),
        6 => cluster::policy(select(cluster::POLICIES)),
        1 => select(cluster::POLICIES).prop_map(|name| Event::NoClusterPolicy(ObjectName::cluster(name))),
        1 => cluster::node(),
        1 => select(cluster::NODES).prop_map(Event::NoNode),
    ]
}

/// Changes of a cluster where many policies select each pod of a namespace.
pub(crate) fn crowd() -> impl Strategy<Value = Event> {
    let name = || (0..60_u8).prop_map(|number| format!("of-many-{number}"));
    prop_oneof![
        1 => namespace(),
        3 => pod(),
        30 => policy(Just("x"), name()),
        2 => name().prop_map(|name| Event::NoPolicy(ObjectName::new("x", name))),
        30 => cluster::policy(name()),
        2 => name().prop_map(|name| Event::NoClusterPolicy(ObjectName::cluster(name))),
        1 => cluster::node(),
    ]
}

const NAMESPACES: &[&str] = &["x", "y", "z"];
const PODS: &[&str] = &["a", "b", "c"];
const POLICIES: &[&str] = &["one", "two"];
const PROTOCOLS: &[Option<&str>] = &[None, None, Some("TCP"), Some("TCP"), Some("UDP"), Some("SCTP")];
/// Addresses of pods, and some others.
pub(crate) const ADDRESSES: &[&str] = &[
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    "10.0.0.4",
    "10.0.1.1",
    "fd00::1",
    "fd00::2",
    "fd00::3",
    "fd00:1::1",
    "192.0.2.1",
    "64:ff9b::1",
];
const BLOCKS: &[&str] = &[
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/24",
    "10.0.0.0/30",
    "10.0.0.2/32",
    "10.0.0.3/31",
    "fd00::/16",
    "fd00::2/128",
    "255.255.255.255/32",
    "nonsense",
];

fn labels() -> impl Strategy<Value = Value> {
    (select(&[None, Some("1"), Some("2")][..]), any::<bool>()).prop_map(|(app, tier)| {
        let mut labels = serde_json::Map::new();
        labels.extend(app.map(|app| ("app".to_owned(), json!(app))));
        labels.extend(tier.then(|| ("tier".to_owned(), json!("t"))));
        Value::Object(labels)
    })
}

fn namespace() -> impl Strategy<Value = Event> {
    (select(NAMESPACES), labels()).prop_map(|(name, labels)| {
        let object = json!({"metadata": {"name": name, "labels": labels}});
        Event::Namespace(Arc::new(serde_json::from_value(object).unwrap()))
    })
}

fn pod() -> impl Strategy<Value = Event> {
    let place = (
        select(NAMESPACES),
        select(PODS),
        select(&["here", "here", "there"][..]),
        select(&["2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"][..]),
    );
    let state = (
        subsequence(&ADDRESSES[..9], 0..=2),
        select(&["Running", "Running", "Running", "Pending", "Succeeded"][..]),
        prop::bool::weighted(0.1),
    );
    let port = (
        select(&["web", "dns"][..]),
        select(PROTOCOLS),
        select(&[80, 81, 82][..]),
    );
    let ports = prop::collection::vec(port, 0..4);
    (place, state, labels(), ports).prop_map(|((space, name, node, created), (ips, phase, host), labels, ports)| {
        let ports = ports
            .iter()
            .map(|(name, protocol, number)| json!({"name": name, "protocol": protocol, "containerPort": number}));
        let object = json!({
            "metadata": {"namespace": space, "name": name, "labels": labels, "creationTimestamp": created},
            "spec": {"nodeName": node, "hostNetwork": host, "containers": [{"ports": ports.collect::<Vec<_>>()}]},
            "status": {"phase": phase, "podIPs": ips.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>()},
        });
        Event::Pod(Arc::new(serde_json::from_value(object).unwrap()))
    })
}

fn policy<N: AsRef<str> + std::fmt::Debug>(
    namespace: impl Strategy<Value = &'static str>,
    name: impl Strategy<Value = N>,
) -> impl Strategy<Value = Event> {
    let types = subsequence(&["Ingress", "Egress"][..], 0..=2);
    let rules = || prop::collection::vec((peers(), ports()), 0..3);
    (namespace, name, selector(), types, rules(), rules()).prop_map(
        |(space, name, pods, types, ingress, egress)| {
            let rule = |field: &'static str| {
                move |(peers, ports): &(Vec<Value>, Vec<Value>)| json!({field: peers, "ports": ports})
            };
            let object = json!({
                "metadata": {"namespace": space, "name": name.as_ref()},
                "spec": {
                    "podSelector": pods, "policyTypes": types,
                    "ingress": ingress.iter().map(rule("from")).collect::<Vec<_>>(),
                    "egress": egress.iter().map(rule("to")).collect::<Vec<_>>(),
                },
            });
            Event::Policy(Arc::new(serde_json::from_value(object).unwrap()))
        },
    )
}

fn selector() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"matchLabels": {"app": "1"}}),
        json!({"matchLabels": {"tier": "t"}}),
        json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["1"]}]}),
        json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}),
        json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
    ])
}

fn peers() -> impl Strategy<Value = Vec<Value>> {
    let block = (select(BLOCKS), subsequence(BLOCKS, 0..=2))
        .prop_map(|(cidr, except)| json!({"ipBlock": {"cidr": cidr, "except": except}}));
    let peer = prop_oneof![
        2 => selector().prop_map(|pods| json!({"podSelector": pods})),
        2 => selector().prop_map(|spaces| json!({"namespaceSelector": spaces})),
        2 => (selector(), selector()).prop_map(|(pods, spaces)| json!({"podSelector": pods, "namespaceSelector": spaces})),
        1 => select(NAMESPACES).prop_map(
            |name| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}})
        ),
        3 => block,
        1 => Just(json!({})),
    ];
    prop::collection::vec(peer, 0..3)
}

fn ports() -> impl Strategy<Value = Vec<Value>> {
    let port = prop_oneof![
        1 => Just(json!({})),
        4 => select(&[80, 81, 82][..]).prop_map(|port| json!({"port": port})),
        4 => select(&["web", "dns"][..]).prop_map(|port| json!({"port": port})),
        2 => (79..82, 79..84).prop_map(|(port, end)| json!({"port": port, "endPort": end})),
    ];
    let port = (port, select(PROTOCOLS)).prop_map(|(mut port, protocol)| {
        port["protocol"] = json!(protocol);
        port
    });
    // Many ports of one protocol, none of which touch.
    let many = select(PROTOCOLS).prop_map(|protocol| {
        (60..100)
            .step_by(3)
            .map(|port| json!({"port": port, "protocol": protocol}))
            .collect()
    });
    prop_oneof![9 => prop::collection::vec(port, 0..4), 1 => many]
}
