//! ClusterNetworkPolicies about connections from pods to nodes, which they select by labels.

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use kinglet_lab::Place;
use kinglet_model::Protocol;
use serde_json::{Value, json};

use super::world::{NODE_PORTS, World, cluster_policy, is_experimental, policy};
use crate::hello::eventually;
use crate::lab::is_possible;

/// A server looks this often whether it is to end.
const LOOK: Duration = Duration::from_millis(2);
/// The label that policies select nodes by.
const ROLE: &str = "role";

/// Servers on all addresses and ports that are asked about, until this is dropped.
struct Servers(Arc<AtomicBool>);

impl Servers {
    fn start(nodes: &[Place]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for node in nodes {
            for address in &node.description.addresses {
                for (protocol, port) in NODE_PORTS {
                    serve(node, protocol, SocketAddr::new(*address, port), stop.clone());
                }
            }
        }
        Self(stop)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn serve(node: &Place, protocol: Protocol, address: SocketAddr, stop: Arc<AtomicBool>) {
    if protocol == Protocol::Tcp {
        let socket = node.namespace.run(|| TcpListener::bind(address)).unwrap();
        socket.set_nonblocking(true).unwrap();
        again(stop, move || socket.accept().is_ok());
    } else {
        let socket = node.namespace.run(|| UdpSocket::bind(address)).unwrap();
        socket.set_nonblocking(true).unwrap();
        again(stop, move || {
            let asked = socket.recv_from(&mut [0; 16]);
            // Who asked may be cut off.
            asked.is_ok_and(|(_, client)| socket.send_to(b"answer", client).is_ok())
        });
    }
}

/// Does something again and again, with a pause where there is nothing to do.
fn again(stop: Arc<AtomicBool>, work: impl Fn() -> bool + Send + 'static) {
    thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            if !work() {
                thread::park_timeout(LOOK);
            }
        }
    });
}

/// Three nodes with servers.
struct Machines {
    world: World,
    nodes: Vec<Place>,
    _servers: Servers,
}

impl Machines {
    fn new() -> Self {
        let mut world = World::new(3, &[]);
        world.install_tiers();
        let nodes: Vec<_> = ["node-1", "node-2", "node-3"].map(|name| world.node(name)).into();
        assert!(nodes.iter().all(|node| node.description.addresses.len() == 2));
        let _servers = Servers::start(&nodes);
        Self {
            world,
            nodes,
            _servers,
        }
    }

    fn apply(&mut self, object: &Value) {
        self.world.apply(object);
        self.world.settle();
    }

    /// All packets go as policies say, sooner or later: Nodes arrive on a way of their own. How many of the
    /// connections are forbidden.
    fn forbidden(&self, what: &str) -> usize {
        eventually(|| match self.world.differences_to(&self.nodes)[..] {
            [] => Ok(()),
            ref wrong => Err(format!("{what}: {}", wrong.join("\n"))),
        });
        let questions = self.world.questions_to(&self.nodes);
        questions.iter().filter(|one| !one.expected).count()
    }

    fn address(&self, node: usize, v4: bool) -> IpAddr {
        let addresses = &self.nodes[node].description.addresses;
        *addresses.iter().find(|address| address.is_ipv4() == v4).unwrap()
    }
}

fn nodes_with(role: &str) -> Value {
    json!({"nodes": {"matchLabels": {ROLE: role}}})
}

fn egress(action: &str, to: &Value) -> Value {
    json!({"egress": [{"action": action, "to": [to]}]})
}

#[test]
fn egress_to_nodes_follows_their_labels() {
    if !is_possible() {
        return;
    }
    let mut machines = Machines::new();
    assert_eq!(machines.forbidden("no policy"), 0);

    // The pods of x are one on each node.
    let x = json!({"namespaces": {"matchLabels": {"ns": "x"}}});
    let rules = egress("Deny", &nodes_with("vault"));
    let vault = cluster_policy("vault", "Admin", 50, &x, &rules);
    if !is_experimental() {
        machines.world.refuses(&vault, "nodes");
        return;
    }
    machines.apply(&vault);
    assert_eq!(machines.forbidden("no node has the label"), 0);
    machines.world.label_node("node-2", ROLE, Some("vault"));
    let of_x = 3 * 2 * NODE_PORTS.len();
    assert_eq!(
        machines.forbidden("one node is denied, also to the pod that it runs"),
        of_x
    );
    machines.world.label_node("node-3", ROLE, Some("vault"));
    assert_eq!(machines.forbidden("two nodes"), 2 * of_x);
    machines.world.label_node("node-2", ROLE, Some("other"));
    assert_eq!(machines.forbidden("the other one"), of_x);

    // One pod, one port, whatever the Deny says.
    let a = json!({"pods": {
        "namespaceSelector": {"matchLabels": {"ns": "x"}}, "podSelector": {"matchLabels": {"pod": "a"}},
    }});
    let mut but = egress("Accept", &nodes_with("vault"));
    but["egress"][0]["protocols"] = json!([{"tcp": {"destinationPort": {"number": 9300}}}]);
    machines.apply(&cluster_policy("but", "Admin", 40, &a, &but));
    assert_eq!(machines.forbidden("one pod on one port"), of_x - 2);

    // By default no node at all, unless a NetworkPolicy says so.
    let y = json!({"namespaces": {"matchLabels": {"ns": "y"}}});
    let any = json!({"nodes": {"matchExpressions": [{"key": ROLE, "operator": "In", "values": ["vault", "other"]}]}});
    machines.apply(&cluster_policy(
        "closed",
        "Baseline",
        1,
        &y,
        &egress("Deny", &any),
    ));
    let denied = of_x - 2 + 2 * of_x;
    assert_eq!(machines.forbidden("the tier Baseline"), denied);
    let block = json!({"ipBlock": {"cidr": format!("{}/32", machines.address(1, true))}});
    let pods = json!({"matchLabels": {"pod": "b"}});
    let spec = json!({"podSelector": pods, "policyTypes": ["Egress"], "egress": [{"to": [block]}]});
    machines.apply(&policy("y", "one", spec));
    // y/b reaches one of six addresses; before it reached node-1.
    assert_eq!(
        machines.forbidden("a NetworkPolicy before it"),
        denied + NODE_PORTS.len()
    );
    machines.world.delete_policy("y", "one");

    machines.world.label_node("node-1", ROLE, Some("vault"));
    machines.world.label_node("node-3", ROLE, None);
    // x: node-1 but for one port of one pod; y: node-1 and node-2.
    assert_eq!(machines.forbidden("labels change"), of_x - 2 + 2 * of_x);
    for node in ["node-1", "node-2"] {
        machines.world.label_node(node, ROLE, None);
    }
    assert_eq!(machines.forbidden("no labels"), 0);
    assert_eq!(
        machines.world.differences(),
        Vec::<String>::new(),
        "pods are none of it"
    );
}
