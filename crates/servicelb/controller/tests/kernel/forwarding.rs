//! A client, a Pod that forwards, and a server that knows no way to the client.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use kinglet_model::Protocol;
use kinglet_nft::{Connection, Family, Table};
use kinglet_servicelb::pod::apply;
use kinglet_servicelb_plan::pod::Forwarding;
use kinglet_test_support::netns::Namespace;

const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing must come.
const SILENCE: Duration = Duration::from_millis(300);

struct World {
    client: Namespace,
    pod: Namespace,
    server: Namespace,
}

fn world() -> Option<World> {
    let world = World {
        client: Namespace::new()?,
        pod: Namespace::new()?,
        server: Namespace::new()?,
    };
    let World { client, pod, server } = &world;
    pod.connect(
        "outside",
        &["10.0.0.2/24", "fd00:a::2/64"],
        client,
        &["10.0.0.1/24", "fd00:a::1/64"],
    );
    pod.connect(
        "inside",
        &["10.1.0.1/24", "fd00:b::1/64"],
        server,
        &["10.1.0.2/24", "fd00:b::2/64"],
    );
    pod.sysctl(&[
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv6/conf/all/forwarding", "1"),
    ]);
    Some(world)
}

impl World {
    /// A server that answers once with the address of its client.
    fn serve(&self, address: &str) {
        let address: SocketAddr = address.parse().unwrap();
        let listener = self.server.run(move || TcpListener::bind(address).unwrap());
        std::thread::spawn(move || {
            while let Ok((mut stream, peer)) = listener.accept() {
                stream.write_all(peer.ip().to_string().as_bytes()).unwrap();
            }
        });
    }

    fn apply(&self, forwarding: &Forwarding) {
        let forwarding = forwarding.clone();
        self.pod
            .run(move || apply(&forwarding).map_err(|error| error.to_string()))
            .unwrap();
    }

    /// Connects from the client, and reads what the server saw; `None` if nothing answers.
    fn ask(&self, address: &str, patience: Duration) -> Option<String> {
        let address: SocketAddr = address.parse().unwrap();
        self.client.run(move || {
            let mut stream = TcpStream::connect_timeout(&address, patience).ok()?;
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            Some(text)
        })
    }
}

fn forwarding(protocol: Protocol, sources: &[&str]) -> Forwarding {
    let parse = |text: &str| -> IpAddr { text.parse().unwrap() };
    Forwarding {
        protocol,
        port: 80,
        sources: sources.iter().map(|range| range.parse().unwrap()).collect(),
        destination_port: 8080,
        destinations: vec![parse("10.1.0.2"), parse("fd00:b::2")],
    }
}

#[test]
fn connections_reach_the_destination_of_their_family() {
    let Some(world) = world() else { return };
    world.serve("10.1.0.2:8080");
    world.serve("[fd00:b::2]:8080");
    let all = forwarding(Protocol::Tcp, &["0.0.0.0/0", "::/0"]);
    world.apply(&all);
    assert_eq!(world.ask("10.0.0.2:80", PATIENCE).as_deref(), Some("10.1.0.1"));
    assert_eq!(
        world.ask("[fd00:a::2]:80", PATIENCE).as_deref(),
        Some("fd00:b::1")
    );
    // Again, as after a restart of the container: nothing is there twice.
    world.apply(&all);
    assert_eq!(world.ask("10.0.0.2:80", PATIENCE).as_deref(), Some("10.1.0.1"));
    let count = world.pod.run(|| {
        let mut connection = Connection::open().unwrap();
        let table = Table::new(Family::Inet, "kinglet-lb-tcp-80");
        (
            connection.tables().unwrap().len(),
            connection.rules(&table, None).unwrap().len(),
        )
    });
    assert_eq!(count, (1, 3));
}

#[test]
fn only_sources_within_the_ranges_get_through() {
    let Some(world) = world() else { return };
    world.serve("10.1.0.2:8080");
    world.serve("[fd00:b::2]:8080");
    let (v4, v6) = ("10.0.0.2:80", "[fd00:a::2]:80");
    world.apply(&forwarding(
        Protocol::Tcp,
        &["10.0.0.0/25", "10.0.0.0/24", "192.0.2.0/24"],
    ));
    assert!(world.ask(v4, PATIENCE).is_some());
    assert!(
        world.ask(v6, SILENCE).is_none(),
        "a family without ranges is denied"
    );
    world.apply(&forwarding(Protocol::Tcp, &["192.0.2.0/24", "fd00:a::/64"]));
    assert!(world.ask(v4, SILENCE).is_none());
    assert!(world.ask(v6, PATIENCE).is_some());
}

#[test]
fn a_flow_that_was_there_before_the_rules_is_translated() {
    let Some(world) = world() else { return };
    // Rules of another port, so that connections are tracked.
    world.apply(&forwarding(Protocol::Tcp, &["0.0.0.0/0"]));
    let client = world.client.run(|| {
        let socket = UdpSocket::bind("10.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.connect("10.0.0.2:80").unwrap();
        socket.send(b"early").unwrap();
        // Nobody listens, which the Pod's kernel tells once the flow is tracked.
        assert!(socket.recv(&mut [0; 16]).is_err());
        socket
    });
    let server = world.server.run(|| UdpSocket::bind("10.1.0.2:8080").unwrap());
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    world.apply(&forwarding(Protocol::Udp, &["0.0.0.0/0"]));
    client.send(b"question").unwrap();
    let mut buffer = [0; 16];
    let (length, from) = server.recv_from(&mut buffer).expect("the server gets it");
    assert_eq!(
        (&buffer[..length], from.ip()),
        (&b"question"[..], "10.1.0.1".parse().unwrap())
    );
    server.send_to(b"answer", from).unwrap();
    let length = client.recv(&mut buffer).expect("the client gets the answer");
    assert_eq!(&buffer[..length], b"answer");
}
