//! A node with two pods, a pod of another node behind it, and a client outside.
//!
//! ```text
//!   client 192.0.2.2 ── 192.0.2.1 node ── pod-1 10.42.0.11, pod-2 10.42.0.12, far 10.42.1.11
//! ```
//! IPv6 addresses end in the same numbers: `2001:db8::` outside, `fd42:0::` and `fd42:1::` for pods.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use kinglet_dataplane::{DataplaneSettings, Services};
use kinglet_dataplane_agent::Kernel;
use kinglet_model::Node;
use kinglet_nft::Batch;
use serde_json::json;

use crate::servers::{ask_tcp, ask_udp, serve};
use kinglet_test_support::netns::Namespace;

/// Port of the pods' servers.
pub(crate) const PORT: u16 = 8080;

/// The places, and what serves them.
pub(crate) struct World {
    pub(crate) client: Namespace,
    pub(crate) node: Namespace,
    pub(crate) pods: Vec<(&'static str, Namespace)>,
    pub(crate) services: Services,
    pub(crate) kernel: Kernel,
}

/// Names of pods and where they are.
const PODS: [(&str, &str, &str); 3] = [
    ("pod-1", "10.42.0.11", "fd42:0::11"),
    ("pod-2", "10.42.0.12", "fd42:0::12"),
    ("far", "10.42.1.11", "fd42:1::11"),
];

impl World {
    /// Makes the places, with servers in the pods. Nothing if that cannot be done and may be skipped.
    pub(crate) fn new(settings: DataplaneSettings) -> Option<Self> {
        let node = Namespace::router()?;
        let client = Namespace::router()?;
        link(&node, "outside", &client);
        node.ip("addr add 192.0.2.1/24 dev outside");
        node.ip("addr add 2001:db8::1/64 dev outside nodad");
        client.ip("addr add 192.0.2.2/24 dev eth0");
        client.ip("addr add 2001:db8::2/64 dev eth0 nodad");
        client.ip("route add default via 192.0.2.1");
        client.ip("route add default via 2001:db8::1");
        node.ip("route add default via 192.0.2.2");
        node.ip("route add default via 2001:db8::2");
        let pods = PODS.map(|(name, v4, v6)| (name, pod(&node, name, v4, v6)));
        let mut kernel = node.run(|| Kernel::open().expect("a kernel"));
        let mut world = Self {
            client,
            node,
            pods: pods.into(),
            services: Services::new(settings, kernel.ownership().expect("an answer")),
            kernel,
        };
        world.services.apply_node(&node_object());
        world.replace();
        Some(world)
    }

    /// Commits what changed.
    pub(crate) fn commit(&mut self) {
        let batches = self.services.batches();
        self.apply(&batches);
    }

    /// Replaces the table.
    pub(crate) fn replace(&mut self) {
        let batch = self.services.replacement();
        self.apply(&[batch]);
    }

    fn apply(&mut self, batches: &[Batch]) {
        let kernel = &mut self.kernel;
        let refused = |error: kinglet_nft::Error| panic!("{error}");
        for batch in batches {
            kernel.commit(batch).unwrap_or_else(refused);
        }
        let stale = self.services.take_stale();
        kernel
            .delete_stale(&stale)
            .unwrap_or_else(|error| panic!("{error}"));
    }

    pub(crate) fn pod(&self, name: &str) -> &Namespace {
        &self.pods.iter().find(|(known, _)| *known == name).expect(name).1
    }

    /// What the kernel has, as `nft` prints it.
    pub(crate) fn list(&self) -> String {
        self.node.program("nft", "list table inet kinglet-services")
    }
}

/// Who answers, and whom it sees: `pod-1 192.0.2.2`; or how it failed: `refused`, `silent`.
pub(crate) fn tcp(from: &Namespace, to: &str) -> String {
    let to: SocketAddr = to.parse().expect("an address");
    from.run(|| ask_tcp(to))
}

/// As [`tcp`], with a datagram.
pub(crate) fn udp(from: &Namespace, to: &str) -> String {
    let to: SocketAddr = to.parse().expect("an address");
    from.run(|| ask_udp(to))
}

/// Waits for a condition, for up to half a minute.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::yield_now();
    }
}

/// The Node, with the networks of its pods.
pub(crate) fn node_object() -> Node {
    let object = json!({"metadata": {"name": "here"}, "spec": {"podCIDRs": ["10.42.0.0/24", "fd42:0::/64"]}});
    serde_json::from_value(object).expect("a Node")
}

/// A veth from the node to the other's `eth0`.
fn link(node: &Namespace, name: &str, other: &Namespace) {
    let path = other.path();
    node.ip(&format!("link add {name} type veth peer name eth0 netns {path}"));
    node.ip(&format!("link set {name} up"));
    other.ip("link set eth0 up");
}

fn pod(node: &Namespace, name: &'static str, v4: &str, v6: &str) -> Namespace {
    let pod = Namespace::router().expect("another namespace");
    link(node, name, &pod);
    node.ip(&format!("addr add 10.42.0.1/32 dev {name}"));
    node.ip(&format!("addr add fd42:0::1/128 dev {name} nodad"));
    node.ip(&format!("route add {v4}/32 dev {name}"));
    node.ip(&format!("route add {v6}/128 dev {name}"));
    pod.ip(&format!("addr add {v4}/32 dev eth0"));
    pod.ip(&format!("addr add {v6}/128 dev eth0 nodad"));
    pod.ip("route add 10.42.0.1 dev eth0");
    pod.ip("route add default via 10.42.0.1");
    pod.ip("route add fd42:0::1 dev eth0");
    pod.ip("route add default via fd42:0::1");
    serve(&pod, name, PORT);
    pod
}
