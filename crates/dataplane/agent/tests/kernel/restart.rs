//! A new start takes over what an earlier run left.

use std::sync::Arc;

use kinglet_dataplane::Services;
use kinglet_dataplane_agent::Kernel;
use kinglet_model::{EndpointSlice, Service};
use kinglet_nft::Ownership;
use serde_json::{Value, json};

use crate::flow::Flow;
use crate::objects::{slice, web};
use crate::paths::settings;
use crate::world::{World, eventually, tcp};

const CLUSTER_IP: &str = "10.43.0.80:80";
const BOTH: [&str; 2] = ["10.42.0.11 here", "10.42.0.12 here"];

impl World {
    /// Starts anew, with these objects.
    fn restart(&mut self, service: Option<Arc<Service>>, slice: Arc<EndpointSlice>) {
        let ownership = self.kernel.ownership().unwrap();
        self.services = Services::new(settings(), ownership);
        if let Some(service) = service {
            self.services.apply_service(service);
        }
        self.services.apply_endpoint_slice(slice);
        let present = self.kernel.existing(&settings()).unwrap();
        self.services.adopt(&present.expect("the table of before"));
        self.commit();
    }
}

/// A world that serves the Service with these changes.
fn world(changes: Value, endpoints: &[&str]) -> Option<World> {
    let mut world = World::new(settings())?;
    world.services.apply_service(web(changes));
    world.services.apply_endpoint_slice(slice("web-4", endpoints));
    world.commit();
    Some(world)
}

#[test]
fn clients_keep_their_endpoint() {
    let sticky = || json!({"sessionAffinity": "ClientIP"});
    let Some(mut world) = world(sticky(), &BOTH) else {
        return;
    };
    let first = tcp(&world.client, CLUSTER_IP);
    for _ in 0..20 {
        world.restart(Some(web(sticky())), slice("web-4", &BOTH));
        assert_eq!(tcp(&world.client, CLUSTER_IP), first);
    }
    // Unless it went in the meantime; and then it is forgotten, though it comes back.
    let (gone, left) = if first.starts_with("pod-1") {
        ("10.42.0.11", "10.42.0.12 here")
    } else {
        ("10.42.0.12", "10.42.0.11 here")
    };
    world.restart(Some(web(sticky())), slice("web-4", &[left]));
    let list = world.list();
    assert!(!list.contains(gone), "{list}");
    assert_ne!(tcp(&world.client, CLUSTER_IP), first);
}

#[test]
fn datagrams_leave_endpoints_that_went_in_the_meantime() {
    let Some(mut world) = world(json!({}), &BOTH[..1]) else {
        return;
    };
    for to in [CLUSTER_IP, "192.0.2.1:30080"] {
        world.restart(Some(web(json!({}))), slice("web-4", &BOTH[..1]));
        let flow = Flow::new(&world, to);
        assert_eq!(flow.ask().as_deref(), Some("pod-1"), "{to}");
        world.restart(Some(web(json!({}))), slice("web-4", &BOTH[1..]));
        assert_eq!(flow.ask().as_deref(), Some("pod-2"), "{to}");
        world.restart(None, slice("web-4", &BOTH[1..]));
        assert_eq!(flow.ask(), None, "{to}");
    }
}

#[test]
fn the_table_is_owned_again() {
    let Some(mut world) = world(json!({}), &BOTH) else {
        return;
    };
    let mut other = world.node.run(|| Kernel::open().unwrap());
    if other.ownership().unwrap() == Ownership::Shared {
        return; // An old kernel.
    }
    for attempt in [other.existing(&settings()).map(|_| ()), other.remove()] {
        let error = attempt.unwrap_err().to_string();
        assert!(
            error.starts_with("table inet kinglet-services belongs to another program"),
            "{error}"
        );
    }
    world.kernel = other;
    // A program that another test starts holds the first one's socket until it runs.
    eventually("nobody owns the table", || {
        world.kernel.existing(&settings()).is_ok()
    });
    world.restart(Some(web(json!({}))), slice("web-4", &BOTH));
    world.node.program("nft", "flush ruleset");
    assert_eq!(
        tcp(&world.client, CLUSTER_IP).split(' ').next_back(),
        Some("192.0.2.2")
    );
    assert!(world.list().contains("10.43.0.80"));
}

#[test]
fn a_table_of_another_build_is_not_taken_over() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    world.kernel.remove().unwrap();
    assert!(world.kernel.existing(&settings()).unwrap().is_none(), "no table");
    for foreign in [
        "add table inet kinglet-services",
        // A set of another type, and a chain that the kernel does not call.
        "add set inet kinglet-services local4 { type ipv6_addr; }",
        "add chain inet kinglet-services prerouting",
    ] {
        world.node.program("nft", foreign);
        assert!(world.kernel.existing(&settings()).unwrap().is_none(), "{foreign}");
    }
}
