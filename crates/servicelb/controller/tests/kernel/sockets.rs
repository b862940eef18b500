//! Sockets of a node, and the ports that clients do not get.

use std::net::{TcpListener, TcpStream, UdpSocket};

use kinglet_model::Protocol;
use kinglet_servicelb::agent::{Host as _, LocalHost};
use kinglet_servicelb_plan::{HostPorts, Port};
use kinglet_test_support::netns::Namespace;

#[test]
fn clients_get_no_reserved_port() {
    let (Some(node), state) = (Namespace::new(), tempfile::tempdir().unwrap()) else {
        return;
    };
    let host = LocalHost {
        state: state.path().to_owned(),
    };
    // Two ports for clients: half of the sockets would get the served one.
    let range = "net/ipv4/ip_local_port_range";
    let reserved = "net/ipv4/ip_local_reserved_ports";
    node.sysctl(&[(range, "50000 50001"), (reserved, "8080")]);
    let ports = host.clone();
    node.run(move || ports.reserve(&[50_000].into()).unwrap());
    node.run(|| {
        for _ in 0..50 {
            let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
            assert_eq!(socket.local_addr().unwrap().port(), 50_001);
        }
        // A server says which one it wants.
        UdpSocket::bind("0.0.0.0:50000").unwrap();
        let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports").unwrap();
        assert_eq!(text.trim(), "8080,50000");
    });
    let again = node.run(move || {
        host.reserve(&[].into()).unwrap();
        std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_reserved_ports").unwrap()
    });
    assert_eq!(again.trim(), "8080", "what others reserved stays");
}

#[test]
fn only_sockets_that_anybody_can_reach_are_listening() {
    let Some(node) = Namespace::new() else {
        return;
    };
    node.run(|| {
        let host = LocalHost { state: "/".into() };
        let server = TcpListener::bind("0.0.0.0:80").unwrap();
        let clients: Vec<TcpStream> = (0..100)
            .map(|_| TcpStream::connect("127.0.0.1:80").unwrap())
            .collect();
        let local = TcpListener::bind("127.0.0.1:81").unwrap();
        let vpn = UdpSocket::bind("[::]:51820").unwrap();
        let ports = [(Protocol::Tcp, 80), (Protocol::Udp, 51_820)];
        let expected = HostPorts::new(ports.map(|(protocol, number)| Port::new(protocol, number)));
        assert_eq!(host.listening().unwrap(), expected);
        drop((server, clients, local, vpn));
        assert_eq!(host.listening().unwrap(), HostPorts::default());
    });
}
