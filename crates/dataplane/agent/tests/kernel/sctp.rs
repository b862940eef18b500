//! SCTP: the kernel takes rules of Services whether it has such sockets or not.

use serde_json::json;

use crate::objects::{datagrams, slice_of};
use crate::paths::settings;
use crate::world::World;

#[test]
fn the_kernel_has_the_rules_of_a_service_of_sctp() {
    let Some(mut world) = World::new(settings()) else {
        return;
    };
    let ports = json!([{"name": "udp", "protocol": "SCTP", "port": 5060, "nodePort": 30060}]);
    let changes = json!({"ports": ports, "externalIPs": ["198.51.100.80"]});
    world
        .services
        .apply_service(datagrams("signalling", "10.43.0.60", changes));
    let mut slice = std::sync::Arc::unwrap_or_clone(slice_of("signalling", &["10.42.0.11 here"]));
    slice.ports[1].protocol = kinglet_model::Protocol::Sctp;
    world.services.apply_endpoint_slice(std::sync::Arc::new(slice));
    world.commit();
    let list = world.list();
    for element in [
        "10.43.0.60 . sctp . 5060 : goto",
        "198.51.100.80 . sctp . 5060 : goto",
        "sctp . 30060 : goto",
        "10.43.0.60 . sctp . 5060 . 0x00000000 : 10.42.0.11 . 8080",
    ] {
        assert!(list.contains(element), "{element} is not in {list}");
    }
    // Its last endpoint goes: who asks is refused by ICMP.
    world.services.apply_endpoint_slice(slice_of("signalling", &[]));
    world.commit();
    let list = world.list();
    assert!(list.contains("10.43.0.60 . sctp . 5060 : goto reject"), "{list}");
}
