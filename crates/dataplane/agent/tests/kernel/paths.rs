//! Every way to an endpoint, by TCP and UDP, IPv4 and IPv6.

use kinglet_dataplane::DataplaneSettings;
use serde_json::json;

use crate::objects::{slice, web};
use crate::world::{World, tcp, udp};

pub(crate) fn settings() -> DataplaneSettings {
    DataplaneSettings {
        node: "here".into(),
        cluster_cidrs: ["10.42.0.0/16", "fd42::/32"]
            .map(|cidr| cidr.parse().expect("a network"))
            .into(),
        ..DataplaneSettings::default()
    }
}

#[test]
fn connections_reach_the_endpoint() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    world.services.apply_service(web(json!({})));
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.0.11 here"]));
    world
        .services
        .apply_endpoint_slice(slice("web-6", &["fd42:0::11 here"]));
    world.commit();
    println!("{}", world.list());
    let (client, node, other, own) = (&world.client, &world.node, world.pod("pod-2"), world.pod("pod-1"));
    let cases = [
        (client, "192.0.2.1:30080", "pod-1 192.0.2.2"),
        (client, "[2001:db8::1]:30080", "pod-1 2001:db8::2"),
        (client, "10.43.0.80:80", "pod-1 192.0.2.2"),
        (other, "10.43.0.80:80", "pod-1 10.42.0.12"),
        (other, "[fd43::80]:80", "pod-1 fd42::12"),
        (other, "192.0.2.1:30080", "pod-1 10.42.0.12"),
        (node, "10.43.0.80:80", "pod-1 192.0.2.1"),
        (node, "192.0.2.1:30080", "pod-1 192.0.2.1"),
        (own, "10.43.0.80:80", "pod-1 10.42.0.1"),
        (own, "[fd43::80]:80", "pod-1 fd42::1"),
        (own, "192.0.2.1:30080", "pod-1 10.42.0.1"),
    ];
    for (from, to, answer) in cases {
        assert_eq!(tcp(from, to), answer, "TCP to {to}");
        assert_eq!(udp(from, to), answer, "UDP to {to}");
    }
}
