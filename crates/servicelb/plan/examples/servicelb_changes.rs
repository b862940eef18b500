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
    /// The agent of a node reports that its kernel has all.
    fn report(&mut self, number: usize) -> (u128, u128) {
        let (name, object) = node(number, "a", "tcp:22", "True");
        let mut share = Share::new(name.name.clone());
        share.update(&self.view, &Affected::all());
        let report = KernelReport::new("", share.get(), &BTreeSet::new());
        let object = object.map(|node| {
            let mut node = (*node).clone();
            let annotations = &mut node.metadata.annotations;
            annotations.insert(names::ANNOTATION_SERVING.into(), report.serving().into());
            Arc::new(node)
        });
        let affected = self.view.node(&name, object);
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
    let mut rows = vec![("everything", Affected::all())];
    let mut change = |what, object: (ObjectName, Option<Arc<Node>>), rows: &mut Vec<_>| {
        rows.push((what, cluster.view.node(&object.0, object.1)));
    };
    change("label of another node", node(1, "b", "tcp:22", "True"), &mut rows);
    change(
        "port of another node",
        node(1, "b", "tcp:22,1024", "True"),
        &mut rows,
    );
    change("port of the node", node(0, "a", "tcp:22,1024", "True"), &mut rows);
    let (name, object) = service(7, "b");
    rows.push(("a Service", cluster.view.service(&name, object)));
    let (name, object) = node(1, "b", "tcp:22,1024", "False");
    rows.push(("another node is not ready", cluster.view.node(&name, object)));
    let (name, object) = service(services, "b");
    rows.push(("a new Service", cluster.view.service(&name, object)));
    for (what, affected) in rows {
        let (controller, agent) = cluster.follow(&affected);
        let row = json!({"change": what, "controller_us": controller as u64, "agent_us": agent as u64});
        println!("{row}");
    }
    cluster.report(2);
    let (name, object) = service(services + 1, "b");
    let affected = cluster.view.service(&name, object);
    cluster.follow(&affected);
    let (controller, agent) = cluster.report(2);
    let row = json!({"change": "another node confirms a new Service", "controller_us": controller as u64, "agent_us": agent as u64});
    println!("{row}");
}
