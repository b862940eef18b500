//! Connections that are there when policies change: what is forbidden is cut, whoever sends; what is allowed
//! goes on.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kinglet_lab::Place;
use kinglet_nft::{Change, Conntrack, Filter};
use serde_json::json;

use super::world::{World, cluster_policy, policy};
use crate::hello::eventually;
use crate::lab::is_possible;

/// Between two messages of a server.
const BEAT: Duration = Duration::from_millis(5);
/// A connection without messages for so long is cut.
const SILENCE: Duration = Duration::from_millis(500);
/// Not one of the pods' own ports.
const PORT: u16 = 9000;

/// The bit in the mark of a connection that is cut.
const CUT: u32 = 1 << 31;

/// A client that only listens to a server that only speaks.
struct Flow {
    what: &'static str,
    client: Client,
}

enum Client {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Flow {
    /// Begins both kinds from one pod to another.
    fn pair(world: &World, from: &str, to: &str, v4: bool) -> [Self; 2] {
        let address = SocketAddr::new(world.address(to, v4), PORT);
        let from = world.place(from);
        let tcp = from.namespace.run(|| TcpStream::connect(address)).unwrap();
        let udp = from
            .namespace
            .run(|| UdpSocket::bind((unspecified(v4), 0)))
            .unwrap();
        udp.connect(address).unwrap();
        udp.send(b"begin").unwrap();
        tcp.set_read_timeout(Some(SILENCE)).unwrap();
        udp.set_read_timeout(Some(SILENCE)).unwrap();
        [("TCP", Client::Tcp(tcp)), ("UDP", Client::Udp(udp))].map(|(what, client)| Self { what, client })
    }

    /// Whether the next message comes.
    fn goes_on(&mut self) -> bool {
        let read = match &mut self.client {
            Client::Tcp(stream) => stream.read(&mut [0; 1]),
            Client::Udp(socket) => loop {
                match socket.recv(&mut [0; 8]) {
                    // About something that was sent; what matters is what is received.
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                    other => break other,
                }
            },
        };
        matches!(read, Ok(1..))
    }

    /// Takes what had arrived before the cut, then nothing may come any more.
    fn is_cut(&mut self, within: Duration) {
        let deadline = Instant::now() + within;
        while self.goes_on() {
            assert!(Instant::now() < deadline, "{} goes on", self.what);
        }
        assert!(!self.goes_on(), "{} goes on again", self.what);
    }

    fn is_open(&mut self, messages: usize) {
        for number in 0..messages {
            assert!(self.goes_on(), "{} is cut after {number} messages", self.what);
        }
    }
}

fn unspecified(v4: bool) -> IpAddr {
    if v4 { [0; 4].into() } else { [0; 16].into() }
}

/// Servers in a pod that speak to whoever has spoken once, until this is dropped.
struct Servers {
    stop: Arc<AtomicBool>,
}

impl Servers {
    fn start(place: &Place) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for address in &place.description.addresses {
            let address = SocketAddr::new(*address, PORT);
            let tcp = place.namespace.run(|| TcpListener::bind(address)).unwrap();
            let udp = place.namespace.run(|| UdpSocket::bind(address)).unwrap();
            tcp.set_nonblocking(true).unwrap();
            udp.set_nonblocking(true).unwrap();
            let stop = stop.clone();
            thread::spawn(move || speak(&tcp, &udp, &stop));
        }
        Self { stop }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn speak(tcp: &TcpListener, udp: &UdpSocket, stop: &AtomicBool) {
    let (mut streams, mut clients) = (Vec::new(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        if let Ok((stream, _)) = tcp.accept() {
            stream.set_nonblocking(true).unwrap();
            streams.push(stream);
        }
        if let Ok((_, client)) = udp.recv_from(&mut [0; 8]) {
            clients.push(client);
        }
        // Who went away, or whose way is cut, is written to nevertheless.
        streams.iter_mut().for_each(|stream| _ = stream.write(&[1]));
        clients.iter().for_each(|client| _ = udp.send_to(&[1], client));
        thread::park_timeout(BEAT);
    }
}

fn policies_change(nodes: u16, v4: bool) {
    let mut world = World::new(nodes, &[]);
    let _servers = [
        Servers::start(&world.place("x/b")),
        Servers::start(&world.place("y/a")),
    ];
    let mut forbidden = Flow::pair(&world, "x/a", "x/b", v4);
    let mut allowed = Flow::pair(&world, "x/c", "x/b", v4);
    let mut elsewhere = Flow::pair(&world, "x/a", "y/a", v4);
    forbidden
        .iter_mut()
        .chain(&mut allowed)
        .chain(&mut elsewhere)
        .for_each(|flow| flow.is_open(3));

    // Only c may go on.
    let rule = json!([{"from": [{"podSelector": {"matchLabels": {"pod": "c"}}}]}]);
    world.apply(&policy(
        "x",
        "p",
        json!({"podSelector": {"matchLabels": {"pod": "b"}}, "ingress": rule}),
    ));
    world.settle();
    let began = Instant::now();
    forbidden
        .iter_mut()
        .for_each(|flow| flow.is_cut(Duration::from_secs(1)));
    allowed
        .iter_mut()
        .chain(&mut elsewhere)
        .for_each(|flow| flow.is_open(200));
    assert!(began.elapsed() < Duration::from_secs(10));

    // Egress cuts, too, and what was allowed all along still is.
    world.apply(&policy(
        "x",
        "e",
        json!({"podSelector": {"matchLabels": {"pod": "a"}}, "policyTypes": ["Egress"]}),
    ));
    world.settle();
    elsewhere
        .iter_mut()
        .for_each(|flow| flow.is_cut(Duration::from_secs(1)));
    allowed.iter_mut().for_each(|flow| flow.is_open(50));

    // Allowed again: datagrams come again; TCP was reset.
    world.delete_policy("x", "p");
    world.delete_policy("x", "e");
    world.settle();
    let [_, udp] = &mut forbidden;
    eventually(|| {
        if udp.goes_on() {
            Ok(())
        } else {
            Err("UDP stays cut".to_owned())
        }
    });
    udp.is_open(20);
    // A new connection of the same client is no concern of the old one.
    Flow::pair(&world, "x/a", "x/b", v4)
        .iter_mut()
        .for_each(|flow| flow.is_open(20));
    allowed.iter_mut().for_each(|flow| flow.is_open(50));
}

#[test]
fn connections_follow_policies_on_one_node() {
    if is_possible() {
        policies_change(1, true);
    }
}

#[test]
fn connections_follow_policies_between_nodes() {
    if is_possible() {
        policies_change(2, true);
    }
}

#[test]
fn connections_follow_policies_with_ipv6() {
    if is_possible() {
        policies_change(2, false);
    }
}

#[test]
fn connections_follow_the_labels_of_pods() {
    if !is_possible() {
        return;
    }
    let mut world = World::new(2, &[]);
    let _servers = Servers::start(&world.place("x/b"));
    let rule = json!([{"from": [{"podSelector": {"matchLabels": {"pod": "a"}}}]}]);
    world.apply(&policy(
        "x",
        "p",
        json!({"podSelector": {"matchLabels": {"pod": "b"}}, "ingress": rule}),
    ));
    world.settle();
    let mut flows = Flow::pair(&world, "x/a", "x/b", true);
    flows.iter_mut().for_each(|flow| flow.is_open(20));
    world.label("x", "a", "other");
    flows
        .iter_mut()
        .for_each(|flow| flow.is_cut(Duration::from_secs(2)));
    // Back again: the same conversation goes on.
    world.label("x", "a", "a");
    let [_, udp] = &mut flows;
    eventually(|| {
        if udp.goes_on() {
            Ok(())
        } else {
            Err("UDP stays cut".to_owned())
        }
    });
}

#[test]
fn connections_follow_policies_of_the_cluster() {
    if !is_possible() {
        return;
    }
    let mut world = World::new(2, &[]);
    let _servers = Servers::start(&world.place("x/b"));
    world.install_tiers();
    let mut forbidden = Flow::pair(&world, "x/a", "x/b", true);
    let mut allowed = Flow::pair(&world, "x/c", "x/b", true);
    forbidden.iter_mut().for_each(|flow| flow.is_open(20));
    let subject = json!({"namespaces": {"matchLabels": {"ns": "x"}}});
    let peer = json!({"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"pod": "a"}}}});
    let rules = json!({"ingress": [{"action": "Deny", "from": [peer]}]});
    world.apply(&cluster_policy("lock", "Admin", 10, &subject, &rules));
    world.settle();
    forbidden
        .iter_mut()
        .for_each(|flow| flow.is_cut(Duration::from_secs(1)));
    allowed.iter_mut().for_each(|flow| flow.is_open(100));
    world.delete_cluster_policy("lock");
    world.settle();
    let [_, udp] = &mut forbidden;
    eventually(|| {
        if udp.goes_on() {
            Ok(())
        } else {
            Err("UDP stays cut".to_owned())
        }
    });
    // A pod that is denied by its label from now on.
    world.apply(&cluster_policy("lock", "Admin", 10, &subject, &rules));
    world.settle();
    allowed.iter_mut().for_each(|flow| flow.is_open(20));
    world.label("x", "c", "a");
    allowed
        .iter_mut()
        .for_each(|flow| flow.is_cut(Duration::from_secs(2)));
}

/// Takes the mark from all connections of a node that are cut; how many there were.
fn forget_cuts(world: &World, node: &str) -> usize {
    let place = world.lab.entry().place(&format!("node:{node}")).unwrap();
    let mut tracked = place.namespace.run(|| Ok(Conntrack::open().unwrap())).unwrap();
    let cut = tracked.entries(&Filter::all().mark(CUT, CUT)).unwrap();
    let clear = cut.iter().map(|entry| Change::Mark {
        original: entry.original,
        zone: entry.zone,
        mark: 0,
        mask: CUT,
    });
    tracked.apply(&clear.collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_connection_that_was_missed_is_cut_within_the_period() {
    if !is_possible() {
        return;
    }
    let period = [("KINGLET_POLICY_SYNC_PERIOD", "1s")];
    let mut world = World::with_variables(1, &[], &period);
    let _servers = Servers::start(&world.place("x/b"));
    let [_, mut udp] = Flow::pair(&world, "x/a", "x/b", true);
    udp.is_open(3);
    world.apply(&policy(
        "x",
        "p",
        json!({"podSelector": {"matchLabels": {"pod": "b"}}, "policyTypes": ["Ingress"]}),
    ));
    world.settle();
    udp.is_cut(Duration::from_secs(1));
    assert_ne!(forget_cuts(&world, "node-1"), 0);
    udp.is_cut(Duration::from_secs(5));
}
