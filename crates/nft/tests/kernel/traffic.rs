//! Services and endpoints on the loopback interface of a namespace, for packets that take the rules.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use kinglet_nft::*;

use crate::harness::run;

/// The address of a service, which no interface has.
pub(crate) const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);
pub(crate) const PORT: u16 = 80;

/// The address of an endpoint.
pub(crate) fn endpoint(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, 0, number)
}

/// Gives addresses to the loopback interface, and leads the service there.
pub(crate) fn prepare() {
    for number in 1..=2 {
        run(
            "ip",
            &["address", "add", &format!("{}/32", endpoint(number)), "dev", "lo"],
        );
    }
    run("ip", &["address", "add", "10.0.0.1/32", "dev", "lo"]);
    run(
        "ip",
        &["route", "add", "10.96.0.0/16", "dev", "lo", "src", "10.0.0.1"],
    );
}

/// The rules of the service, with these endpoints in a map, and with affinity if wanted.
pub(crate) fn service(endpoints: &[u8], affinity: bool) -> Ruleset {
    let vip = [DataType::Ipv4Addr, DataType::InetProto, DataType::InetService];
    let target = [DataType::Ipv4Addr, DataType::InetService];
    let count = u32::try_from(endpoints.len()).expect("few endpoints");
    let pick = Numgen::increment(count);
    let client = (Header::IpSaddr, Meta::L4Proto, Header::ThDport);
    let update = || MapUpdate {
        key: client.into(),
        map: "x_affinity".into(),
        timeout: Some(Duration::from_secs(60)),
    };
    let rules = if affinity {
        vec![
            Rule::new().dnat_map_update(L3::Ipv4, client, "x_affinity", update()),
            Rule::new().dnat_map_update(L3::Ipv4, pick, "x_endpoints", update()),
        ]
    } else {
        vec![Rule::new().dnat_map(L3::Ipv4, pick, "x_endpoints")]
    };
    let numbered = endpoints.iter().zip(0..);
    let mut ruleset = Ruleset::new(Table::new(Family::Inet, "service"));
    let goto = |protocol| Element::new((SERVICE, protocol, PORT)).verdict(Verdict::goto("svc"));
    ruleset
        .set(Set::vmap("x_services", vip), [goto(Value::TCP), goto(Value::UDP)])
        .set(
            Set::map("x_endpoints", [DataType::Integer], target),
            numbered.map(|(number, index)| Element::new(Value::Integer(index)).to((endpoint(*number), 8080))),
        )
        .set(
            Set::map("x_affinity", vip, target).dynamic().timeouts().size(100),
            [],
        )
        .chain(Chain::regular("svc"), rules)
        .chain(
            Chain::base("out", ChainType::Nat, Hook::Output, -110),
            [Rule::new().vmap((Header::IpDaddr, Meta::L4Proto, Header::ThDport), "x_services")],
        );
    ruleset
}

/// A socket of an endpoint.
pub(crate) fn server(number: u8) -> UdpSocket {
    bound((endpoint(number), 8080).into())
}

/// A socket that waits for a packet for some time only.
pub(crate) fn bound(address: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(address).expect("bind");
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("timeout");
    socket
}

/// A client of the service.
pub(crate) fn client() -> UdpSocket {
    let socket = bound((Ipv4Addr::new(10, 0, 0, 1), 0).into());
    socket.connect((SERVICE, PORT)).expect("connect");
    socket
}

/// Sends a packet, which the server must get and answer.
pub(crate) fn exchange(client: &UdpSocket, server: &UdpSocket) {
    client.send(b"question").expect("send");
    let mut buffer = [0; 16];
    let (len, from) = server.recv_from(&mut buffer).expect("the server gets the packet");
    assert_eq!(&buffer[..len], b"question");
    server.send_to(b"answer", from).expect("reply");
    let len = client.recv(&mut buffer).expect("the client gets the answer");
    assert_eq!(&buffer[..len], b"answer");
}

/// Asks until there is an answer.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}
