//! Who gets an endpoint: traffic policies, empty Services, unknown ports, sources, affinity.

use std::collections::BTreeSet;

use kinglet_model::Pod;
use serde_json::json;

use crate::objects::{slice, web};
use crate::paths::settings;
use crate::world::{World, node_object, tcp, udp};
use kinglet_test_support::netns::Namespace;

/// A world whose Service differs like this and has these endpoints.
fn world(changes: serde_json::Value, endpoints: &[&str]) -> Option<World> {
    let mut world = World::new(settings())?;
    world.services.apply_service(web(changes));
    if !endpoints.is_empty() {
        world.services.apply_endpoint_slice(slice("web-4", endpoints));
    }
    world.commit();
    Some(world)
}

/// Who answers, in many attempts.
fn answers(from: &Namespace, to: &str) -> BTreeSet<String> {
    (0..30).map(|_| tcp(from, to)).collect()
}

fn set<const N: usize>(all: [&str; N]) -> BTreeSet<String> {
    all.into_iter().map(str::to_owned).collect()
}

const CLUSTER_IP: &str = "10.43.0.80:80";
const NODE_PORT: &str = "192.0.2.1:30080";

#[test]
fn clients_outside_keep_their_address_only_on_the_way_to_the_node() {
    let Some(world) = world(json!({}), &["10.42.0.11 here", "10.42.1.11 there"]) else {
        return;
    };
    assert_eq!(
        answers(&world.client, NODE_PORT),
        set(["pod-1 192.0.2.2", "far 10.42.0.1"])
    );
    assert_eq!(
        answers(&world.client, CLUSTER_IP),
        set(["pod-1 192.0.2.2", "far 10.42.0.1"])
    );
    // Pods keep their address within the cluster.
    let pod = world.pod("pod-2");
    assert_eq!(
        answers(pod, CLUSTER_IP),
        set(["pod-1 10.42.0.12", "far 10.42.0.12"])
    );
}

#[test]
fn local_external_traffic_stays_on_the_node() {
    let changes = json!({"externalTrafficPolicy": "Local"});
    let both = ["10.42.0.11 here", "10.42.1.11 there"];
    let Some(mut world) = world(changes, &both) else {
        return;
    };
    assert_eq!(answers(&world.client, NODE_PORT), set(["pod-1 192.0.2.2"]));
    assert_eq!(
        answers(&world.client, CLUSTER_IP),
        set(["pod-1 192.0.2.2", "far 10.42.0.1"])
    );
    let pod = world.pod("pod-2");
    assert_eq!(
        answers(pod, NODE_PORT),
        set(["pod-1 10.42.0.12", "far 10.42.0.12"])
    );
    assert_eq!(
        answers(&world.node, NODE_PORT),
        set(["pod-1 192.0.2.1", "far 10.42.0.1"])
    );
    // A pod of another node is a client as any other.
    assert_eq!(answers(world.pod("far"), NODE_PORT), set(["pod-1 10.42.1.11"]));
    // Without an endpoint on the node, clients outside are to try another one.
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.1.11 there"]));
    world.commit();
    assert_eq!(tcp(&world.client, NODE_PORT), "silent");
    assert_eq!(tcp(world.pod("far"), NODE_PORT), "silent");
    assert_eq!(tcp(world.pod("pod-2"), NODE_PORT), "far 10.42.0.12");
    assert_eq!(tcp(&world.node, NODE_PORT), "far 10.42.0.1");
}

#[test]
fn pods_keep_their_address_on_the_way_to_a_load_balancer() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.0.11 here", "10.42.1.11 there"]));
    for policy in ["Local", "Cluster"] {
        let changes = json!({
            "type": "LoadBalancer", "externalIPs": ["198.51.100.80"], "externalTrafficPolicy": policy,
        });
        let mut service = std::sync::Arc::unwrap_or_clone(web(changes));
        service.load_balancer = serde_json::from_value(json!([{"ip": "203.0.113.80"}])).unwrap();
        world.services.apply_service(std::sync::Arc::new(service));
        world.commit();
        for to in ["203.0.113.80:80", "198.51.100.80:80", NODE_PORT] {
            let seen = answers(world.pod("pod-2"), to);
            assert_eq!(seen, set(["pod-1 10.42.0.12", "far 10.42.0.12"]), "{policy} {to}");
        }
    }
    // The answers of another node's endpoint would pass this node by.
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.1.11 there"]));
    world.commit();
    assert_eq!(tcp(&world.client, "203.0.113.80:80"), "far 10.42.0.1");
}

#[test]
fn pods_are_known_by_address_where_the_network_of_their_node_is_not_used() {
    let changes = json!({"externalTrafficPolicy": "Local"});
    let Some(mut world) = world(changes, &["10.42.1.11 there"]) else {
        return;
    };
    let mut node = node_object();
    node.pod_cidrs = ["10.42.9.0/24"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    world.services.apply_node(&node);
    world.commit();
    assert_eq!(tcp(world.pod("pod-2"), NODE_PORT), "silent");
    let pod = |name: &str, address: &str, phase: &str| -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"nodeName": "here"},
            "status": {"phase": phase, "podIP": address, "podIPs": [{"ip": address}]},
        }))
        .unwrap()
    };
    for (name, address) in [
        ("one", "10.42.0.11"),
        ("two", "10.42.0.12"),
        ("other", "10.42.9.1"),
    ] {
        world.services.apply_pod(&pod(name, address, "Running"));
        world.commit();
    }
    assert_eq!(tcp(world.pod("pod-2"), NODE_PORT), "far 10.42.0.12");
    assert_eq!(tcp(world.pod("far"), NODE_PORT), "silent");
    world.services.apply_pod(&pod("two", "10.42.0.12", "Failed"));
    world.commit();
    assert_eq!(tcp(world.pod("pod-2"), NODE_PORT), "silent");
    world.services.remove_pod(&pod("one", "10.42.0.11", "Running"));
    world.commit();
    assert!(world.list().contains("10.42.9.0/24"), "{}", world.list());
}

#[test]
fn local_internal_traffic_stays_on_the_node() {
    let changes = json!({"internalTrafficPolicy": "Local"});
    let both = ["10.42.0.11 here", "10.42.1.11 there"];
    let Some(mut world) = world(changes, &both) else {
        return;
    };
    let pod = |world: &World| answers(world.pod("pod-2"), CLUSTER_IP);
    assert_eq!(pod(&world), set(["pod-1 10.42.0.12"]));
    assert_eq!(
        answers(&world.client, NODE_PORT),
        set(["pod-1 192.0.2.2", "far 10.42.0.1"])
    );
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.1.11 there"]));
    world.commit();
    assert_eq!(tcp(world.pod("pod-2"), CLUSTER_IP), "silent");
}

#[test]
fn what_nobody_serves_is_refused() {
    let Some(world) = world(json!({}), &[]) else {
        return;
    };
    for (from, to) in [
        (&world.client, NODE_PORT),
        (&world.client, "[2001:db8::1]:30080"),
        (&world.client, CLUSTER_IP),
        (&world.node, NODE_PORT),
        (&world.node, CLUSTER_IP),
        (&world.node, "[fd43::80]:80"),
        (world.pod("pod-1"), CLUSTER_IP),
        (world.pod("pod-1"), "[fd43::80]:80"),
        // Ports that the Service does not have.
        (world.pod("pod-1"), "10.43.0.80:81"),
        (&world.node, "[fd43::80]:81"),
    ] {
        assert_eq!(tcp(from, to), "refused", "TCP to {to}");
        assert_eq!(udp(from, to), "refused", "UDP to {to}");
    }
}

#[test]
fn only_allowed_sources_use_a_load_balancer() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    let object = |ranges: serde_json::Value| {
        let changes = json!({"type": "LoadBalancer", "loadBalancerSourceRanges": ranges});
        let mut service = std::sync::Arc::unwrap_or_clone(web(changes));
        let addresses = json!([{"ip": "192.0.2.1"}, {"ip": "203.0.113.80"}]);
        service.load_balancer = serde_json::from_value(addresses).unwrap();
        std::sync::Arc::new(service)
    };
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.0.11 here"]));
    world
        .services
        .apply_service(object(json!(["198.51.100.0/24", "10.42.0.12/32"])));
    world.commit();
    for to in ["192.0.2.1:80", "203.0.113.80:80"] {
        assert_eq!(tcp(&world.client, to), "silent");
        assert_eq!(tcp(world.pod("pod-2"), to), "pod-1 10.42.0.12");
    }
    // The node itself, where the load balancer's address is its own. Ranges do not bind node ports.
    assert_eq!(tcp(&world.node, "192.0.2.1:80"), "pod-1 192.0.2.1");
    assert_eq!(tcp(&world.client, NODE_PORT), "pod-1 192.0.2.2");
    world
        .services
        .apply_service(object(json!(["198.51.100.0/24", "192.0.2.0/25", "192.0.2.2/32"])));
    world.commit();
    for to in ["192.0.2.1:80", "203.0.113.80:80"] {
        assert_eq!(tcp(&world.client, to), "pod-1 192.0.2.2");
    }
}

#[test]
fn clients_keep_their_endpoint() {
    let changes = json!({"sessionAffinity": "ClientIP"});
    let all = ["10.42.0.11 here", "10.42.0.12 here", "10.42.1.11 there"];
    let Some(mut world) = world(changes, &all) else {
        return;
    };
    world.services.apply_endpoint_slice(slice(
        "web-6",
        &["fd42:0::11 here", "fd42:0::12 here", "fd42:1::11 there"],
    ));
    world.commit();
    for to in [CLUSTER_IP, "[fd43::80]:80"] {
        assert_eq!(answers(&world.client, to).len(), 1, "{to}");
    }
    let first = tcp(&world.client, CLUSTER_IP);
    let kept = answers(&world.client, NODE_PORT);
    assert_eq!(kept, set([&first]), "the ports of a Service share it");
    // An endpoint that goes is left for another one, which is kept then.
    let gone = all.iter().filter(|endpoint| {
        let names = [
            ("10.42.0.11", "pod-1"),
            ("10.42.0.12", "pod-2"),
            ("10.42.1.11", "far"),
        ];
        !names
            .iter()
            .any(|(address, name)| endpoint.starts_with(address) && first.starts_with(name))
    });
    let gone: Vec<&str> = gone.copied().collect();
    assert_eq!(gone.len(), 2);
    world.services.apply_endpoint_slice(slice("web-4", &gone));
    world.commit();
    let next = answers(&world.client, CLUSTER_IP);
    assert_eq!(next.len(), 1);
    assert!(!next.contains(&first));
    // It comes back, and nobody moves.
    world.services.apply_endpoint_slice(slice("web-4", &all));
    world.commit();
    assert_eq!(answers(&world.client, CLUSTER_IP), next);
}

#[test]
fn affinity_ends() {
    let changes = json!({
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}},
    });
    let Some(world) = world(changes, &["10.42.0.11 here", "10.42.0.12 here"]) else {
        return;
    };
    tcp(&world.client, CLUSTER_IP);
    let kept = || world.list().contains("expires");
    println!("{}", world.list());
    assert!(kept());
    crate::world::eventually("affinity ends", || !kept());
}
