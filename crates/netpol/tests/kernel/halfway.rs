//! Packets that meet changes half-way: none slips through, however often rules change.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kinglet_lab::{Builder, Lab, Place};
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, ObjectName};
use kinglet_nft::{Connection, Ownership};
use kinglet_policy::{Policies, PolicySettings};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// How long rules change without a pause.
const TIME: Duration = Duration::from_secs(3);

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "echo", "image": "echo:1"}]},
    })
}

async fn place(lab: &Lab, name: &str) -> Place {
    let found = lab.until(Duration::from_secs(20), async |lab: &Lab| {
        lab.place(&format!("default/{name}"))
    });
    found.await.unwrap()
}

/// A policy that lets the client reach nobody, or only somebody else, each time by other rules.
fn policy(number: u16) -> NetworkPolicy {
    let port = 1024 + number % 50_000;
    let object = json!({
        "metadata": {"namespace": "default", "name": "p"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": port, "protocol": "UDP"}]}],
        },
    });
    serde_json::from_value(object).unwrap()
}

/// One pod of a node speaks without a pause to another that must not hear it.
struct Forbidden {
    _lab: Lab,
    _runtime: Runtime,
    server: UdpSocket,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    policies: Policies,
    rules: Connection,
}

impl Forbidden {
    fn new() -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Runtime::new().unwrap();
        let (lab, client, server) = runtime.block_on(async {
            let lab = Builder::new()
                .nodes(1)
                .with(|settings| settings.service_proxy = false)
                .start()
                .await
                .unwrap();
            for name in ["client", "server"] {
                lab.apply(&pod(name)).await.unwrap();
            }
            let (client, server) = (place(&lab, "client").await, place(&lab, "server").await);
            (lab, client, server)
        });
        let node = lab.place("node:node-1").unwrap();
        let rules = node.namespace.run(|| Ok(Connection::open().unwrap())).unwrap();
        let settings = PolicySettings {
            node: "node-1".into(),
            ..PolicySettings::default()
        };
        let mut policies = Policies::new(settings, Ownership::Shared);
        let mut object = pod("client");
        object["status"] = json!({"phase": "Running", "podIP": client.description.addresses[0]});
        policies.apply_pod(Arc::new(serde_json::from_value(object).unwrap()));
        let to = (server.description.addresses[0], 9000);
        let server = server.namespace.run(|| UdpSocket::bind(to)).unwrap();
        server.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut forbidden = Self {
            _lab: lab,
            _runtime: runtime,
            server,
            stop: stop.clone(),
            sent: sent.clone(),
            policies,
            rules,
        };
        forbidden.policies.apply_policy(&policy(0));
        forbidden.rules.commit(&forbidden.policies.replacement()).unwrap();
        let client = client.namespace.run(|| UdpSocket::bind("0.0.0.0:0")).unwrap();
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                // What is refused is told as an error of a later call.
                let _ = client.send_to(b"forbidden", to);
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        forbidden
    }

    /// Makes changes for some time; how many were made.
    fn change(&mut self, mut change: impl FnMut(&mut Policies, &mut Connection, u16)) -> usize {
        let began = Instant::now();
        let mut count = 0_usize;
        while began.elapsed() < TIME {
            count += 1;
            let number = u16::try_from(count % 50_000).unwrap();
            change(&mut self.policies, &mut self.rules, number);
        }
        count
    }

    fn assert_silent(&self, changes: usize) {
        let sent = self.sent.load(Ordering::Relaxed);
        assert!(
            changes > 50 && sent > 1_000,
            "{changes} changes, {sent} datagrams"
        );
        let heard = self.server.recv(&mut [0; 16]);
        assert!(
            heard.is_err(),
            "a datagram of {sent} slipped through {changes} changes"
        );
    }
}

impl Drop for Forbidden {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Whether a lab can be made. Without root the test fails, unless skipping is allowed.
fn is_possible() -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    let skip = std::env::var("KINGLET_ALLOW_SKIP").is_ok_and(|value| value == "1");
    assert!(skip, "a lab needs root; KINGLET_ALLOW_SKIP=1 skips");
    false
}

#[test]
fn no_packet_slips_through_a_change_of_rules() {
    if !is_possible() {
        return;
    }
    let mut forbidden = Forbidden::new();
    let mut swept = Instant::now();
    let changes = forbidden.change(|policies, rules, number| {
        policies.apply_policy(&policy(number));
        rules.commit(&policies.additions()).unwrap();
        rules.commit(&policies.changes()).unwrap();
        if swept.elapsed() > Duration::from_millis(200) {
            swept = Instant::now();
            policies.sweep();
            rules.commit(&policies.changes()).unwrap();
        }
    });
    forbidden.assert_silent(changes);
}

#[test]
fn no_packet_slips_through_a_replacement_of_all_rules() {
    if !is_possible() {
        return;
    }
    let mut forbidden = Forbidden::new();
    let changes = forbidden.change(|policies, rules, number| {
        policies.apply_policy(&policy(number));
        rules.commit(&policies.guard()).unwrap();
        rules.commit(&policies.replacement()).unwrap();
        thread::park_timeout(Duration::from_millis(5));
        rules.commit(&policies.unguard()).unwrap();
    });
    forbidden.assert_silent(changes);
}

#[test]
fn no_packet_slips_through_while_policies_come_and_go() {
    if !is_possible() {
        return;
    }
    let mut forbidden = Forbidden::new();
    let other = ObjectName::new("default", "other");
    let changes = forbidden.change(|policies, rules, number| {
        if number % 2 == 0 {
            let mut more = policy(number);
            more.metadata.name = other.name.clone();
            policies.apply_policy(&more);
        } else {
            policies.remove_policy(&other);
        }
        rules.commit(&policies.additions()).unwrap();
        rules.commit(&policies.changes()).unwrap();
    });
    forbidden.assert_silent(changes);
}

#[test]
fn no_packet_slips_through_while_one_of_many_policies_changes() {
    if !is_possible() {
        return;
    }
    let mut forbidden = Forbidden::new();
    let named = |name: u16, number| {
        let mut policy = policy(number);
        policy.metadata.name = format!("of-many-{name}").into();
        policy
    };
    (0..60).for_each(|name| forbidden.policies.apply_policy(&named(name, name)));
    forbidden.rules.commit(&forbidden.policies.replacement()).unwrap();
    let mut swept = Instant::now();
    let changes = forbidden.change(|policies, rules, number| {
        if number % 3 == 0 {
            policies.remove_policy(&named(number % 60, 0).metadata.object_name());
        } else {
            policies.apply_policy(&named(number % 60, number));
        }
        rules.commit(&policies.additions()).unwrap();
        rules.commit(&policies.changes()).unwrap();
        if swept.elapsed() > Duration::from_millis(200) {
            swept = Instant::now();
            policies.sweep();
            rules.commit(&policies.changes()).unwrap();
        }
    });
    forbidden.assert_silent(changes);
}

/// A policy of the cluster that is not about what is sent, each time by other rules: NetworkPolicies go on to
/// decide.
fn cluster_policy(number: u16) -> ClusterNetworkPolicy {
    let port = 1024 + number % 50_000;
    let protocols = json!([{"udp": {"destinationPort": {"number": port}}}]);
    let object = json!({
        "metadata": {"name": "p"},
        "spec": {
            "tier": "Admin", "priority": 1, "subject": {"namespaces": {}},
            "egress": [
                {"action": "Accept", "to": [{"networks": ["192.0.2.0/24"]}], "protocols": protocols},
                {"action": "Pass", "to": [{"namespaces": {}}]},
            ],
        },
    });
    serde_json::from_value(object).unwrap()
}

#[test]
fn no_packet_slips_through_while_a_tier_comes_and_goes() {
    if !is_possible() {
        return;
    }
    let mut forbidden = Forbidden::new();
    let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": "default"}})).unwrap();
    let name = ObjectName::cluster("p");
    let changes = forbidden.change(|policies, rules, number| {
        policies.apply_namespace(&namespace);
        if number % 3 == 0 {
            policies.remove_cluster_policy(&name);
        } else {
            policies.apply_cluster_policy(&cluster_policy(number));
        }
        rules.commit(&policies.additions()).unwrap();
        rules.commit(&policies.changes()).unwrap();
    });
    forbidden.assert_silent(changes);
}
