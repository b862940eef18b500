//! Changes while connections go on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kinglet_dataplane::Services;
use serde_json::json;

use crate::flow::Flow;
use crate::objects::{slice, web};
use crate::paths::settings;
use crate::servers::Conversation;
use crate::world::{World, eventually, tcp, udp};

const CLUSTER_IP: &str = "10.43.0.80:80";

#[test]
fn connections_go_on_and_new_ones_are_never_lost() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    world.services.apply_service(web(json!({})));
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.0.11 here"]));
    world.commit();
    let address = CLUSTER_IP.parse().unwrap();
    let mut conversation = world.client.run(|| Conversation::open(address)).unwrap();
    assert_eq!(conversation.ask().unwrap(), "pod-1 192.0.2.2");

    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let World {
        client,
        services,
        kernel,
        ..
    } = &mut world;
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let answer = tcp(client, CLUSTER_IP);
                assert!(
                    answer.starts_with("pod-") || answer.starts_with("far"),
                    "{answer}"
                );
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        let all = ["10.42.0.11 here", "10.42.0.12 here", "10.42.1.11 there"];
        for round in 0..60_usize {
            let before = asked.load(Ordering::Relaxed);
            let some = if round.is_multiple_of(2) {
                &all[1..]
            } else {
                &all[..=round % 3]
            };
            services.apply_endpoint_slice(slice("web-4", some));
            // Now and then a new start that finds the table.
            if round.is_multiple_of(7) {
                *services = Services::new(settings(), kernel.ownership().unwrap());
                services.apply_service(web(json!({})));
                services.apply_endpoint_slice(slice("web-4", some));
                services.adopt(&kernel.existing(&settings()).unwrap().expect("a table"));
            }
            for batch in &services.batches() {
                kernel.commit(batch).unwrap();
            }
            kernel.delete_stale(&services.take_stale()).unwrap();
            eventually("a new connection", || {
                asking.is_finished() || asked.load(Ordering::Relaxed) > before
            });
        }
        stop.store(true, Ordering::Relaxed);
    });
    // Nothing ended the first one, though its endpoint came and went.
    assert_eq!(conversation.ask().unwrap(), "pod-1 192.0.2.2");
}

#[test]
fn datagrams_follow_the_endpoints() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    for to in [CLUSTER_IP, "192.0.2.1:30080"] {
        let flow = Flow::new(&world, to);
        // Before the Service is there, datagrams go astray, and are tracked so.
        assert_eq!(flow.ask(), None, "{to}");
        world.services.apply_service(web(json!({})));
        world
            .services
            .apply_endpoint_slice(slice("web-4", &["10.42.0.11 here"]));
        world.commit();
        assert_eq!(flow.ask().as_deref(), Some("pod-1"), "{to}");
        // It moves only when its endpoint goes.
        world
            .services
            .apply_endpoint_slice(slice("web-4", &["10.42.0.11 here", "10.42.0.12 here"]));
        world.commit();
        assert_eq!(flow.ask().as_deref(), Some("pod-1"), "{to}");
        world
            .services
            .apply_endpoint_slice(slice("web-4", &["10.42.0.12 here"]));
        world.commit();
        assert_eq!(flow.ask().as_deref(), Some("pod-2"), "{to}");
        world
            .services
            .remove_service(&kinglet_model::ObjectName::new("default", "web"));
        world.commit();
        assert_eq!(flow.ask(), None, "{to}");
    }
}

#[test]
fn the_table_can_be_removed_and_made_again() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    world.services.apply_service(web(json!({})));
    world
        .services
        .apply_endpoint_slice(slice("web-4", &["10.42.0.11 here"]));
    world.commit();
    world.kernel.remove().unwrap();
    assert!(!world.node.program("nft", "list tables").contains("kinglet"));
    world.kernel.remove().unwrap();
    world.replace();
    assert_eq!(tcp(&world.client, CLUSTER_IP), "pod-1 192.0.2.2");
    assert_eq!(udp(&world.client, CLUSTER_IP), "pod-1 192.0.2.2");
}
