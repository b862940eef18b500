//! Conversations by UDP that go on while Services change.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_dataplane::{Share, Shares};
use kinglet_model::{ObjectName, Protocol};
use kinglet_nft::{Conntrack, Entry, Filter};
use serde_json::json;

use crate::flow::Flow;
use crate::objects::{datagrams, slice_of};
use crate::paths::settings;
use crate::world::{PORT, World};

const UDP: u8 = 17;

/// The tracked connections to an address and port, which the kernel gives a new identity when they are made
/// again.
fn tracked(world: &World, to: &str) -> BTreeSet<u32> {
    let to: std::net::SocketAddr = to.parse().unwrap();
    let filter = Filter::all().protocol(UDP).to_service(Some(to.ip()), to.port());
    let entries = world
        .node
        .run(|| Conntrack::open().unwrap().entries(&filter).unwrap());
    entries.iter().map(|entry: &Entry| entry.id).collect()
}

/// The node serves these ports as its part of load balancers.
fn serve_balancers(world: &mut World, names: &[(&str, u16)]) {
    let shares = names.iter().map(|(name, port)| {
        let share = Share::from([(Protocol::Udp, *port)]);
        (ObjectName::new("default", *name), share)
    });
    world.services.set_shares(Arc::new(shares.collect::<Shares>()));
}

#[test]
fn conversations_of_other_services_go_on() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    // The node's address is the second's; a third has its other address there, at the same port.
    world.node.ip("addr add 192.0.2.3/24 dev outside");
    let balancer = json!({"type": "LoadBalancer"});
    let external = json!({"type": "ClusterIP", "externalIPs": ["192.0.2.3"]});
    for service in [
        datagrams("first", "10.43.0.81", json!({"type": "ClusterIP"})),
        datagrams("second", "10.43.0.82", balancer),
        datagrams("third", "10.43.0.83", external),
    ] {
        world.services.apply_service(service);
    }
    let scale = |world: &mut World, endpoints: &[&str]| {
        world.services.apply_endpoint_slice(slice_of("second", endpoints));
        world.commit();
    };
    serve_balancers(&mut world, &[("second", 5353)]);
    for other in ["first", "third"] {
        let slice = slice_of(other, &["10.42.0.11 here"]);
        world.services.apply_endpoint_slice(slice);
    }
    scale(&mut world, &["10.42.0.12 here"]);
    let others = ["10.43.0.81:5353", "192.0.2.3:5353"];
    let flows = others.map(|to| Flow::new(&world, to));
    let own = Flow::new(&world, "192.0.2.1:5353");
    for flow in &flows {
        assert_eq!(flow.ask().as_deref(), Some("pod-1"));
    }
    assert_eq!(own.ask().as_deref(), Some("pod-2"));
    let before = others.map(|to| tracked(&world, to));
    assert!(before.iter().all(|entries| entries.len() == 1), "{before:?}");
    for endpoints in [
        &["10.42.1.11 there"][..],
        &[],
        &["10.42.0.12 here", "10.42.1.11 there"],
    ] {
        scale(&mut world, endpoints);
        assert_eq!(others.map(|to| tracked(&world, to)), before, "{endpoints:?}");
        for flow in &flows {
            assert_eq!(flow.ask().as_deref(), Some("pod-1"), "{endpoints:?}");
        }
        let answers = own.ask();
        let expected = endpoints.iter().any(|endpoint| match answers.as_deref() {
            Some("far") => endpoint.starts_with("10.42.1.11"),
            Some(_) => endpoint.starts_with("10.42.0.12"),
            None => false,
        });
        assert!(
            expected || endpoints.is_empty() && answers.is_none(),
            "{answers:?} {endpoints:?}"
        );
    }
    world
        .services
        .remove_service(&ObjectName::new("default", "second"));
    world.commit();
    assert_eq!(others.map(|to| tracked(&world, to)), before);
}

#[test]
fn conversations_with_other_machines_go_on() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    let port = json!({
        "type": "LoadBalancer",
        "ports": [{"name": "udp", "protocol": "UDP", "port": PORT}],
    });
    world.services.apply_service(datagrams("web", "10.43.0.81", port));
    serve_balancers(&mut world, &[("web", PORT)]);
    world.commit();
    // Nothing translates it, and the node only forwards it.
    let to = format!("10.42.0.11:{PORT}");
    let flow = Flow::new(&world, &to);
    assert_eq!(flow.ask().as_deref(), Some("pod-1"));
    let before = tracked(&world, &to);
    assert_eq!(before.len(), 1);
    world
        .services
        .apply_endpoint_slice(slice_of("web", &["10.42.0.12 here"]));
    world.commit();
    assert_eq!(tracked(&world, &to), before, "the first endpoint came");
}
