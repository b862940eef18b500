//! Random changes of a small cluster, with objects that compete for addresses and ports, and some that are
//! bad.

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_dataplane::{DataplaneSettings, Services};
use kinglet_model::{EndpointSlice, Node, ObjectName, Pod, Service};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

/// A change.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Service(Arc<Service>),
    NoService(ObjectName),
    Slice(Arc<EndpointSlice>),
    NoSlice(ObjectName),
    Zone(Option<&'static str>),
    /// A pod of the node has this address.
    Pod(&'static str),
    NoPod,
}

/// What is there after some changes.
#[derive(Default)]
pub(crate) struct Present {
    services: BTreeMap<ObjectName, Event>,
    slices: BTreeMap<ObjectName, Event>,
    zone: Option<Event>,
    pod: Option<Event>,
}

impl Event {
    pub(crate) fn apply(&self, services: &mut Services) {
        match self {
            Self::Service(service) => services.apply_service(service.clone()),
            Self::NoService(name) => services.remove_service(name),
            Self::Slice(slice) => services.apply_endpoint_slice(slice.clone()),
            Self::NoSlice(name) => services.remove_endpoint_slice(name),
            Self::Zone(zone) => {
                let labels = zone.map(|zone| ("topology.kubernetes.io/zone".into(), zone.into()));
                let mut node = Node::default();
                node.metadata.name = "here".into();
                node.metadata.labels = labels.into_iter().collect();
                node.pod_cidrs = ["10.42.0.0/24"]
                    .iter()
                    .map(|text| text.parse().unwrap())
                    .collect();
                services.apply_node(&node);
            }
            Self::Pod(address) => services.apply_pod(&pod(address)),
            Self::NoPod => services.remove_pod(&pod("10.42.0.1")),
        }
    }
}

impl Present {
    pub(crate) fn note(&mut self, event: &Event) {
        let is = event.clone();
        match event {
            Event::Service(service) => _ = self.services.insert(service.metadata.object_name(), is),
            Event::NoService(name) => _ = self.services.remove(name),
            Event::Slice(slice) => _ = self.slices.insert(slice.metadata.object_name(), is),
            Event::NoSlice(name) => _ = self.slices.remove(name),
            Event::Zone(_) => self.zone = Some(is),
            Event::Pod(_) => self.pod = Some(is),
            Event::NoPod => self.pod = None,
        }
    }

    /// The changes that lead here by the shortest way, slices first.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.slices
            .values()
            .chain(self.services.values())
            .chain(&self.zone)
            .chain(&self.pod)
    }
}

pub(crate) fn settings() -> DataplaneSettings {
    DataplaneSettings {
        node: "here".into(),
        cluster_cidrs: vec!["10.42.0.0/16".parse().unwrap()],
        localhost_node_ports: true,
        ..DataplaneSettings::default()
    }
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => service().prop_map(|value| Event::Service(Arc::new(serde_json::from_value(value).unwrap()))),
        4 => slice().prop_map(|value| Event::Slice(Arc::new(serde_json::from_value(value).unwrap()))),
        1 => service_name().prop_map(|name| Event::NoService(ObjectName::new("default", name))),
        1 => slice_name().prop_map(|name| Event::NoSlice(ObjectName::new("default", name))),
        1 => select(vec![None, Some("a"), Some("b")]).prop_map(Event::Zone),
        1 => select(vec!["10.42.0.1", "10.42.7.1"]).prop_map(Event::Pod),
        1 => Just(Event::NoPod),
    ]
}

fn pod(address: &str) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.name = "pod".into();
    pod.node_name = "here".into();
    pod.ips = vec![address.parse().unwrap()];
    pod
}

fn service_name() -> impl Strategy<Value = &'static str> {
    select(vec!["one", "two", "three"])
}

fn slice_name() -> impl Strategy<Value = &'static str> {
    select(vec!["s1", "s2", "s3", "s4"])
}

fn policy() -> impl Strategy<Value = &'static str> {
    select(vec!["Cluster", "Local"])
}

fn service() -> impl Strategy<Value = Value> {
    let addresses = subsequence(vec!["10.43.0.1", "10.43.0.2", "fd43::1"], 0..=2);
    let kind = select(vec!["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]);
    let affinity = select(vec!["None", "ClientIP"]);
    let externals = subsequence(vec!["192.0.2.9", "fd43::9"], 0..=2);
    let ranges = subsequence(vec!["10.0.0.0/8", "10.1.0.0/16", "fd00::/8", "nonsense"], 0..=3);
    let created = select(vec!["2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"]);
    let identity = (service_name(), created, kind, addresses);
    let policies = (policy(), policy(), affinity);
    let outside = (externals.clone(), externals, ranges);
    (identity, policies, outside, ports()).prop_map(
        |(
            (name, created, kind, ips),
            (internal, external, affinity),
            (external_ips, balancers, ranges),
            ports,
        )| {
            json!({
                "metadata": {"name": name, "namespace": "default", "creationTimestamp": created},
                "spec": {
                    "type": kind, "clusterIP": ips.first().unwrap_or(&"None"), "clusterIPs": ips,
                    "ports": ports, "sessionAffinity": affinity,
                    "internalTrafficPolicy": internal, "externalTrafficPolicy": external,
                    "externalIPs": external_ips, "loadBalancerSourceRanges": ranges,
                },
                "status": {"loadBalancer": {
                    "ingress": balancers.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>(),
                }},
            })
        },
    )
}

fn ports() -> impl Strategy<Value = Vec<Value>> {
    let port = (
        select(vec!["TCP", "UDP", "SCTP"]),
        select(vec![0, 80, 81]),
        select(vec![0, 30_001, 30_002]),
    );
    let named = |(name, (protocol, port, node_port))| json!({"name": name, "protocol": protocol, "port": port, "nodePort": node_port});
    let http = port.clone().prop_map(move |port| named(("http", port)));
    let dns = port.prop_map(move |port| named(("dns", port)));
    (prop::option::of(http), prop::option::of(dns))
        .prop_map(|(http, dns)| http.into_iter().chain(dns).collect())
}

fn slice() -> impl Strategy<Value = Value> {
    let endpoints = prop::collection::vec(endpoint(), 0..4);
    let family = select(vec!["IPv4", "IPv4", "IPv6"]);
    (slice_name(), service_name(), family, endpoints).prop_map(|(name, service, family, endpoints)| {
        let ports = ["TCP", "UDP", "SCTP"].into_iter().flat_map(|protocol| {
            ["http", "dns"].map(|name| json!({"name": name, "protocol": protocol, "port": 8080}))
        });
        json!({
            "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": service}},
            "addressType": family,
            "ports": ports.collect::<Vec<_>>(),
            "endpoints": endpoints,
        })
    })
}

fn endpoint() -> impl Strategy<Value = Value> {
    let address = select(vec![
        "10.42.0.1",
        "10.42.0.2",
        "10.42.1.1",
        "fd42::1",
        "fd42::2",
        "127.0.0.1",
    ]);
    let node = select(vec![Some("here"), Some("there"), None]);
    let conditions = select(vec![
        (true, true, false),
        (false, false, false),
        (false, true, true),
    ]);
    let zones = select(vec![None, Some("a"), Some("b")]);
    (address, node, conditions, zones).prop_map(|(address, node, (ready, serving, terminating), zone)| {
        json!({
            "addresses": [address], "nodeName": node,
            "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
            "hints": {"forZones": zone.map(|zone| vec![json!({"name": zone})])},
        })
    })
}
