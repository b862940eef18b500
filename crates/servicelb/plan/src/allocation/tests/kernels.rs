//! Tests of what is known of the kernels of nodes.

use kinglet_model::Node;

use super::*;
use crate::kernel::KernelReport;
use crate::sample::{confirming, unconfirmed};

/// A controller that follows changes.
struct Follower {
    view: View,
    allocation: Allocation,
}

impl Follower {
    fn new(view: View) -> Self {
        Self {
            allocation: Allocation::of(&view),
            view,
        }
    }

    fn node(&mut self, node: Node) -> Vec<String> {
        let affected = self.view.node(&node.object_name(), Some(Arc::new(node)));
        self.update(&affected)
    }

    fn service(&mut self, service: Service) -> Vec<String> {
        let affected = self.view.service(&service.object_name(), Some(Arc::new(service)));
        self.update(&affected)
    }

    /// The agent of a node reports.
    fn confirm(&mut self, node: Node, refused: &[&str]) -> Vec<String> {
        let node = confirming(&self.view, node, refused);
        self.node(node)
    }

    fn update(&mut self, affected: &Affected) -> Vec<String> {
        let due = self.allocation.update(&self.view, affected);
        due.iter().map(|name| name.name.to_string()).collect()
    }

    fn serving(&self, name: &str) -> Vec<&str> {
        texts(of(&self.allocation, name).serving())
    }
}

fn n1() -> Node {
    unconfirmed(node("n1", "192.0.2.1"))
}

fn n2() -> Node {
    unconfirmed(node("n2", "192.0.2.2"))
}

fn published(mut service: Service, addresses: &[&str]) -> Service {
    let entries = addresses.iter().map(|address| serde_json::json!({"ip": address}));
    service.load_balancer = serde_json::from_value(entries.collect()).unwrap();
    service
}

fn start() -> Follower {
    Follower::new(
        view()
            .with_node(n1())
            .with_node(n2())
            .with_service(service("web", 1, &[80])),
    )
}

#[test]
fn a_node_counts_when_its_kernel_has_the_rules() {
    let mut cluster = start();
    assert_eq!(cluster.serving("web"), [""; 0]);
    assert_eq!(of(&cluster.allocation, "web").pending().count(), 2);
    assert_eq!(cluster.confirm(n2(), &[]), ["web"]);
    assert_eq!(cluster.serving("web"), ["n2"]);
    assert_eq!(cluster.confirm(n1(), &[]), ["web"]);
    assert_eq!(cluster.serving("web"), ["n1", "n2"]);
    // One more is served by nobody until that is reported, and takes nothing from the first.
    cluster.service(service("dns", 2, &[53]));
    assert_eq!(
        (cluster.serving("dns"), cluster.serving("web")),
        (vec![], vec!["n1", "n2"])
    );
    assert_eq!(cluster.confirm(n1(), &[]), ["dns"]);
    assert_eq!(
        (cluster.serving("dns"), cluster.serving("web")),
        (vec!["n1"], vec!["n1", "n2"])
    );
}

#[test]
fn what_a_kernel_refuses_is_not_served_there() {
    let mut cluster = start();
    cluster.service(service("dns", 2, &[53]));
    cluster.confirm(n1(), &["dns"]);
    assert_eq!(
        (cluster.serving("dns"), cluster.serving("web")),
        (vec![], vec!["n1"])
    );
    assert_eq!(texts(of(&cluster.allocation, "dns").refused()), ["n1"]);
    assert_eq!(cluster.confirm(n1(), &[]), ["dns"]);
    assert_eq!(cluster.serving("dns"), ["n1"]);
    // It fails later, also with what the status has.
    cluster.service(published(service("dns", 2, &[53]), &["192.0.2.1"]));
    assert_eq!(cluster.confirm(n1(), &["dns"]), ["dns"]);
    assert_eq!(cluster.serving("dns"), [""; 0]);
    let refused: std::collections::BTreeSet<_> = share(&cluster.view, "n1").into_keys().collect();
    let report = KernelReport::new("", &share(&cluster.view, "n1"), &refused);
    let text = report.refused().unwrap();
    assert_eq!(text, "default/dns,default/web");
    assert_eq!(cluster.node(reporting(n1(), &report.serving(), "*")), ["web"]);
    assert_eq!(cluster.serving("web"), [""; 0]);
}

#[test]
fn a_dead_agent_whose_rules_stand_goes_on_counting() {
    let mut cluster = start();
    for node in [n1(), n2()] {
        cluster.confirm(node, &[]);
    }
    // No more reports by n1. Its group of Services differs from now on.
    for number in 0..40 {
        cluster.service(service(&format!("new-{number}"), 2, &[1000 + number]));
        cluster.confirm(n2(), &[]);
    }
    assert_eq!(cluster.serving("web"), ["n1", "n2"]);
    assert_eq!(cluster.serving("new-7"), ["n2"]);
    // More ports are no reason to withdraw the address from clients of the first.
    cluster.service(published(
        service("web", 1, &[80, 443]),
        &["192.0.2.1", "192.0.2.2"],
    ));
    assert_eq!(cluster.serving("web"), ["n1", "n2"]);
    // Nor is another node, or another leader.
    cluster.node(node("n3", "192.0.2.3"));
    assert_eq!(cluster.serving("web"), ["n1", "n2", "n3"]);
    assert_eq!(cluster.serving("new-7"), ["n2", "n3"]);
    let next = Follower::new(cluster.view.clone());
    assert_eq!(next.serving("web"), ["n1", "n2", "n3"]);
    assert!(!next.serving("new-7").contains(&"n1"));
    // A Service that was made again under the name is another one.
    cluster.service(service("web", 9, &[80, 443]));
    assert_eq!(cluster.serving("web"), ["n3"]);
}

#[test]
fn rules_do_not_outlive_the_machine() {
    let booted = |mut node: Node, boot: &str| {
        node.boot_id = boot.into();
        node
    };
    let mut cluster = start();
    let share = share(&cluster.view, "n1");
    let report = KernelReport::new("first", &share, &std::collections::BTreeSet::new());
    let reported = reporting(n1(), &report.serving(), "");
    cluster.node(booted(reported.clone(), "first"));
    assert_eq!(cluster.serving("web"), ["n1"]);
    cluster.service(published(service("web", 1, &[80]), &["192.0.2.1"]));
    assert_eq!(cluster.node(booted(reported, "second")), ["web"]);
    assert_eq!(cluster.serving("web"), [""; 0]);
    let report = KernelReport::new("second", &share, &std::collections::BTreeSet::new());
    cluster.node(booted(reporting(n1(), &report.serving(), ""), "second"));
    assert_eq!(cluster.serving("web"), ["n1"]);
}

#[test]
fn a_node_that_registers_again_begins_anew() {
    let mut cluster = start();
    cluster.confirm(n1(), &[]);
    let gone = cluster.view.node(&ObjectName::cluster("n1"), None);
    cluster.update(&gone);
    assert_eq!(cluster.serving("web"), [""; 0]);
    // Without an agent at first, then with one that has reported ports only.
    cluster.node(without_agent(n1()));
    assert_eq!(cluster.serving("web"), [""; 0]);
    cluster.node(n1());
    assert_eq!(cluster.serving("web"), [""; 0]);
    cluster.confirm(n1(), &[]);
    assert_eq!(cluster.serving("web"), ["n1"]);
    // Another address is served by the same rules.
    let moved = confirming(&cluster.view, unconfirmed(node("n1", "192.0.2.9")), &[]);
    cluster.node(moved);
    assert_eq!(cluster.serving("web"), ["n1"]);
}

#[test]
fn reports_of_other_nodes_concern_no_share() {
    let mut cluster = start();
    let mut share = Share::new("n1".into());
    share.update(&cluster.view, &Affected::all());
    let before = share.get().clone();
    let node = confirming(&cluster.view, n1(), &[]);
    let affected = cluster.view.node(&node.object_name(), Some(Arc::new(node)));
    assert_eq!(affected, Affected::kernel(&"n1".into()));
    share.update(&cluster.view, &affected);
    assert!(Arc::ptr_eq(&before, share.get()));
}
