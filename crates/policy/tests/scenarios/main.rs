//! Runs the scenarios (README.md beside this file), through the plain reading of policies and through the
//! rules of all nodes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use kinglet_model::{ObjectName, Pod, Protocol};
use kinglet_policy::{Cluster, Packet, PolicySettings, Rules, Transport};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Base {
    objects: Vec<Value>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    objects: Vec<Value>,
    expect: Vec<String>,
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn decode<T: kinglet_model::Object>(object: &Value) -> T {
    serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{object}: {error}"))
}

#[test]
fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let base: Base = serde_saphyr::from_str(&read(&folder.join("cluster.yaml"))).unwrap();
    let mut files: Vec<_> = folder
        .join("cases")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in &files {
        let cases: Vec<Case> = serde_saphyr::from_str(&read(file)).unwrap();
        for case in cases {
            let world = World::of(base.objects.iter().chain(&case.objects));
            wrong.extend(
                world
                    .check(&case)
                    .into_iter()
                    .map(|line| format!("{}: {}: {line}", file.display(), case.name)),
            );
        }
    }
    assert!(files.len() > 5 && wrong.is_empty(), "{}", wrong.join("\n"));
}

struct World {
    cluster: Cluster,
    pods: BTreeMap<ObjectName, Arc<Pod>>,
}

/// An end of a connection as written: the addresses that it may mean.
type End = Vec<IpAddr>;

impl World {
    fn of<'a>(objects: impl Iterator<Item = &'a Value>) -> Self {
        let (mut cluster, mut pods) = (Cluster::default(), BTreeMap::new());
        for object in objects {
            match object["kind"].as_str() {
                Some("Namespace") => cluster.apply_namespace(&decode(object)),
                Some("NetworkPolicy") => drop(cluster.apply_policy(&decode(object))),
                Some("ClusterNetworkPolicy") => drop(cluster.apply_cluster_policy(&decode(object))),
                Some("Node") => _ = cluster.apply_node(&decode(object)),
                Some("Pod") => {
                    let pod: Arc<Pod> = Arc::new(decode(object));
                    pods.insert(pod.metadata.object_name(), pod.clone());
                    cluster.apply_pod(pod);
                }
                other => panic!("{other:?} is no kind that policies are about"),
            }
        }
        Self { cluster, pods }
    }

    /// The lines that do not hold.
    fn check(&self, case: &Case) -> Vec<String> {
        let mut expected: BTreeMap<(IpAddr, IpAddr, String), (bool, &str)> = BTreeMap::new();
        for line in &case.expect {
            let [source, "->", destination, protocol, port, verdict] =
                line.split(' ').collect::<Vec<_>>()[..]
            else {
                panic!("{line}: SOURCE -> DESTINATION PROTOCOL PORT yes|no");
            };
            let (sources, destinations) = (self.ends(source), self.ends(destination));
            let pairs = sources
                .iter()
                .flat_map(|from| destinations.iter().map(move |to| (*from, *to)));
            for (from, to) in pairs.filter(|(from, to)| from != to && from.is_ipv4() == to.is_ipv4()) {
                expected.insert((from, to, format!("{protocol} {port}")), (verdict == "yes", line));
            }
        }
        assert!(!expected.is_empty(), "{}", case.name);
        let nodes = ["n1", "n2"].map(|node| Rules::compile(&self.cluster, node));
        let settings = PolicySettings::default();
        let wrong = expected
            .iter()
            .filter_map(|((from, to, transport), (verdict, line))| {
                let packet = Packet::new(*from, *to, transport_of(transport));
                let plain = self.cluster.evaluate(&packet, &settings).allowed();
                let ruled = nodes.iter().all(|rules| rules.allow(&packet, &settings));
                let explained = self.cluster.explain(&packet, &settings);
                assert_eq!(plain, explained.remedies.is_empty(), "{explained}");
                ((plain, ruled) != (*verdict, *verdict))
                    .then(|| format!("{line}: rules {ruled}; {explained}"))
            });
        wrong.collect()
    }

    fn ends(&self, text: &str) -> End {
        if let Ok(address) = text.parse() {
            return vec![address];
        }
        let (namespace, name) = text.split_once('/').unwrap_or((text, "*"));
        let fits = |pattern: &str, name: &str| pattern == "*" || pattern == name;
        let pods = self.pods.iter();
        let pods = pods.filter(|(pod, _)| fits(namespace, &pod.namespace) && fits(name, &pod.name));
        pods.flat_map(|(_, pod)| pod.ips.clone()).collect()
    }
}

fn transport_of(text: &str) -> Transport {
    let (protocol, number) = text.split_once(' ').unwrap();
    let port = |protocol| Transport::Port(protocol, number.parse().unwrap());
    match protocol {
        "tcp" => port(Protocol::Tcp),
        "udp" => port(Protocol::Udp),
        "sctp" => port(Protocol::Sctp),
        "icmp" => Transport::Icmp(number.parse().unwrap()),
        other => panic!("{other} is no protocol here"),
    }
}
