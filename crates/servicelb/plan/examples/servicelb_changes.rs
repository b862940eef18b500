//! What a change costs the controller and the agent of a node: prints microseconds as lines of JSON.
//!
//! `servicelb_changes SERVICES NODES`

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that measures, and prints"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use kinglet_model::{Node, Object, ObjectName, Service};
use kinglet_servicelb_plan::{
    Affected, Allocation, DaemonSets, KernelReport, Mode, Planner, ServiceLbSettings, Share, View, names,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned + Object>(object: Value) -> (ObjectName, Option<Arc<T>>) {
    let object: T = serde_json::from_value(object).expect("an object");
    (object.object_name(), Some(Arc::new(object)))
}

fn node(number: usize, label: &str, ports: &str, ready: &str) -> (ObjectName, Option<Arc<Node>>) {
    let (high, low) = (number / 250, number % 250 + 1);
    read(json!({
        "metadata": {
            "name": format!("node-{number:04}"),
            "labels": {"kubernetes.io/hostname": number.to_string(), "kubernetes.io/os": "linux", "team": label},
            "annotations": {names::ANNOTATION_HOST_PORTS: ports, names::ANNOTATION_SERVING: "true"},
        },
        "status": {
            "addresses": [{"type": "InternalIP", "address": format!("10.0.{high}.{low}")}],
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }))
}

fn service(number: usize, label: &str) -> (ObjectName, Option<Arc<Service>>) {
    let ports = json!([{"protocol": "TCP", "port": 1024 + number, "nodePort": 0}]);
    read(json!({
        "metadata": {
            "name": format!("service-{number:05}"),
            "namespace": "default",
            "uid": format!("{number:08}"),
            "labels": {"app": label},
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"type": "LoadBalancer", "ipFamilies": ["IPv4"], "ports": ports},
    }))
}

struct Cluster {
    view: View,
    allocation: Allocation,
    share: Share,
    settings: ServiceLbSettings,
}

impl Cluster {
    /// What the controller computes for a change, and what the agent of the first node does.
    fn follow(&mut self, affected: &Affected) -> (u128, u128) {
        let start = Instant::now();
        let due = self.allocation.update(&self.view, affected);
        let sets = DaemonSets::new();
        let planner = Planner::new(&self.view, &self.allocation, &sets, &self.settings);
        for name in &due {
            std::hint::black_box(planner.plan(&self.view.services()[name]));
        }
        let controller = start.elapsed().as_micros();
        let start = Instant::now();
        // The data plane has the one before.
        let before = self.share.get().clone();
        self.share.update(&self.view, affected);
        drop(before);
        (controller, start.elapsed().as_micros())
    }
}

impl Cluster {
    /// A Node with the report that the kernel has all that the node is to serve.
    fn with_report(&self, number: usize, node: Option<Arc<Node>>) -> Option<Arc<Node>> {
        let mut share = Share::new(format!("node-{number:04}").into());
        share.update(&self.view, &Affected::all());
        let report = KernelReport::new("", share.get(), &BTreeSet::new());
        node.map(|node| {
            let mut node = (*node).clone();
            let annotations = &mut node.metadata.annotations;
            annotations.insert(names::ANNOTATION_SERVING.into(), report.serving().into());
            Arc::new(node)
        })
    }

    /// The agent of a node reports that its kernel has all.
    fn report(&mut self, number: usize, label: &str, ready: &str) -> (u128, u128) {
        let (name, object) = node(number, label, "tcp:22", ready);
        let affected = self.view.node(&name, self.with_report(number, object));
        self.follow(&affected)
    }
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let (services, nodes) = (numbers.next().unwrap_or(2000), numbers.next().unwrap_or(10));
    let mut view = View::new(Mode::Native, "kube-system");
    for number in 0..nodes {
        let (name, object) = node(number, "a", "tcp:22", "True");
        view.node(&name, object);
    }
    for number in 0..services {
        let (name, object) = service(number, "a");
        view.service(&name, object);
    }
    let mut cluster = Cluster {
        view,
        allocation: Allocation::default(),
        share: Share::new("node-0000".into()),
        settings: ServiceLbSettings::default(),
    };
    print("everything", cluster.follow(&Affected::all()));
    // As in a cluster at rest: the agents of all nodes have reported what their kernels have.
    for number in 0..nodes {
        cluster.report(number, "a", "True");
    }
    for (what, number, label, ports) in [
        ("label of another node", 1, "b", "tcp:22"),
        ("port of another node", 1, "b", "tcp:22,1024"),
        ("port of the node", 0, "a", "tcp:22,1024"),
    ] {
        let (name, object) = node(number, label, ports, "True");
        let affected = cluster.view.node(&name, cluster.with_report(number, object));
        print(what, cluster.follow(&affected));
    }
    for (what, number) in [("a Service", 7), ("a new Service", services)] {
        let (name, object) = service(number, "b");
        let affected = cluster.view.service(&name, object);
        print(what, cluster.follow(&affected));
    }
    let figures = cluster.report(2, "a", "True");
    print("another node confirms a new Service", figures);
    let (name, object) = node(1, "b", "tcp:22,1024", "False");
    let affected = cluster.view.node(&name, cluster.with_report(1, object));
    print("another node is not ready", cluster.follow(&affected));
}

fn print(what: &str, (controller, agent): (u128, u128)) {
    let row = json!({"change": what, "controller_us": controller as u64, "agent_us": agent as u64});
    println!("{row}");
}
