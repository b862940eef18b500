//! Ports of the node on its loopback addresses.

use std::net::UdpSocket;
use std::time::Duration;

use kinglet_dataplane::{DataplaneSettings, Services};
use kinglet_dataplane_agent::RouteLocalnet;
use serde_json::json;

use crate::flow::Flow;
use crate::objects::{slice, web};
use crate::paths;
use crate::world::{World, node_object, tcp, udp};

fn settings() -> DataplaneSettings {
    DataplaneSettings {
        localhost_node_ports: true,
        ..paths::settings()
    }
}

/// A world that serves ports on loopback addresses.
fn world(
    changes: serde_json::Value,
    endpoints: &[&str],
) -> Option<(World, RouteLocalnet, tempfile::TempDir)> {
    let mut world = World::new(settings())?;
    world.services.apply_service(web(changes));
    world.services.apply_endpoint_slice(slice("web-4", endpoints));
    world.commit();
    let state = tempfile::tempdir().unwrap();
    let switch = world.node.run(|| RouteLocalnet::of_this_namespace(state.path()));
    world.node.run(|| switch.set()).unwrap();
    Some((world, switch, state))
}

#[test]
fn processes_of_the_node_reach_endpoints_by_localhost() {
    for changes in [
        json!({}),
        json!({"externalTrafficPolicy": "Local"}),
        json!({"sessionAffinity": "ClientIP"}),
    ] {
        for (endpoint, name) in [("10.42.0.11 here", "pod-1"), ("10.42.1.11 there", "far")] {
            let Some((world, ..)) = world(changes.clone(), &[endpoint]) else {
                return;
            };
            // Endpoints see an address of the node's interface towards them.
            let expected = format!("{name} 10.42.0.1");
            for to in ["127.0.0.1:30080", "127.1.2.3:30080"] {
                assert_eq!(tcp(&world.node, to), expected, "TCP {to} {changes}");
                assert_eq!(udp(&world.node, to), expected, "UDP {to} {changes}");
            }
            assert_eq!(tcp(&world.node, "127.0.0.1:30081"), "refused");
            assert_eq!(
                tcp(&world.client, "192.0.2.1:30080"),
                match name {
                    "far" if changes["externalTrafficPolicy"] == "Local" => "silent".to_owned(),
                    "far" => "far 10.42.0.1".to_owned(),
                    _ => "pod-1 192.0.2.2".to_owned(),
                }
            );
        }
    }
    let Some((world, ..)) = world(json!({}), &[]) else {
        return;
    };
    assert_eq!(tcp(&world.node, "127.0.0.1:30080"), "refused");
}

/// Takes a datagram, if one comes.
fn receive(socket: &UdpSocket) -> Option<Vec<u8>> {
    socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut buffer = [0; 16];
    let (len, _) = socket.recv_from(&mut buffer).ok()?;
    Some(buffer[..len].to_vec())
}

/// Whether a datagram from a neighbour to a loopback address of the node gets there.
fn is_open_to_neighbours(world: &World, from: &str) -> bool {
    let server = world.node.run(|| UdpSocket::bind("127.0.0.1:5300")).unwrap();
    let client = world.client.run(|| UdpSocket::bind((from, 0))).unwrap();
    client.send_to(b"?", "127.0.0.1:5300").unwrap();
    receive(&server).is_some()
}

#[test]
fn neighbours_do_not_reach_what_listens_on_loopback_addresses() {
    let Some((mut world, switch, _state)) = world(json!({}), &["10.42.0.11 here"]) else {
        return;
    };
    // The client sends packets to 127.0.0.1 to the node, as an attacker would.
    world.client.ip("addr del 127.0.0.1/8 dev lo");
    world.client.ip("addr add 127.0.0.77/32 dev lo");
    world.client.sysctl(&[("net/ipv4/conf/all/route_localnet", "1")]);
    world.client.ip("route add 127.0.0.1/32 via 192.0.2.1 dev eth0");
    for from in ["192.0.2.2", "127.0.0.77"] {
        assert!(!is_open_to_neighbours(&world, from), "{from}");
    }
    // Nor a port of the node by its loopback address.
    assert_eq!(udp(&world.client, "127.0.0.1:30080"), "silent");
    // The rules do it: without them the switch alone lets packets in.
    world.kernel.remove().unwrap();
    assert!(is_open_to_neighbours(&world, "192.0.2.2"));
    assert!(world.node.run(|| switch.reset()).unwrap());
    assert!(!is_open_to_neighbours(&world, "192.0.2.2"));
}

#[test]
fn datagrams_to_localhost_follow_the_endpoints() {
    let Some((mut world, ..)) = world(json!({}), &["10.42.0.11 here"]) else {
        return;
    };
    let flow = Flow::of(&world.node, "127.0.0.1:30080");
    assert_eq!(flow.ask().as_deref(), Some("pod-1"));
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.0.12 here"]));
    world.commit();
    assert_eq!(flow.ask().as_deref(), Some("pod-2"));
}

#[test]
fn the_option_can_be_changed() {
    let Some((mut world, switch, _state)) = world(json!({}), &["10.42.0.11 here"]) else {
        return;
    };
    let turn = |world: &mut World, settings: DataplaneSettings| {
        let taken = world.kernel.existing(&settings).unwrap();
        world.services = Services::new(settings, world.kernel.ownership().unwrap());
        world.services.apply_node(&node_object());
        world.services.apply_service(web(json!({})));
        world
            .services
            .apply_endpoint_slice(slice("web-4", &["10.42.0.11 here"]));
        match taken {
            Some(existing) => {
                world.services.adopt(&existing);
                world.commit();
            }
            None => world.replace(),
        }
    };
    world.node.run(|| switch.reset()).unwrap();
    turn(&mut world, paths::settings());
    assert!(!world.list().contains("martians"), "{}", world.list());
    assert_eq!(tcp(&world.node, "127.0.0.1:30080"), "refused");
    assert_eq!(tcp(&world.client, "192.0.2.1:30080"), "pod-1 192.0.2.2");
    turn(&mut world, settings());
    world.node.run(|| switch.set()).unwrap();
    assert_eq!(tcp(&world.node, "127.0.0.1:30080"), "pod-1 10.42.0.1");
}
