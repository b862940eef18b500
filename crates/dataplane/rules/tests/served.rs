//! What of the node's part of load balancers the kernel has.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use kinglet_dataplane::{DataplaneSettings, Services, Shares};
use kinglet_model::{ObjectName, Protocol, Service};
use kinglet_nft::Ownership;
use serde_json::{Value, json};

fn service(name: &str, labels: Value) -> Arc<Service> {
    let service = json!({
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {
            "type": "LoadBalancer", "clusterIPs": ["10.43.0.7"], "ipFamilies": ["IPv4"],
            "ports": [{"port": 80, "protocol": "TCP"}],
        },
    });
    Arc::new(serde_json::from_value(service).unwrap())
}

fn names(services: &Services, has_table: bool) -> Vec<String> {
    let names = services.not_served(has_table).into_iter();
    names.map(|name| name.name.to_string()).collect()
}

#[test]
fn the_kernel_has_what_it_took_and_what_there_are_rules_for() {
    let mut services = Services::new(DataplaneSettings::default(), Ownership::Shared);
    services.apply_service(service("web", json!({})));
    let elsewhere = json!({"service.kubernetes.io/service-proxy-name": "other"});
    services.apply_service(service("elsewhere", elsewhere));
    let ports = [(Protocol::Tcp, 80)];
    let share = ["elsewhere", "web"].map(|name| (ObjectName::new("default", name), ports.into()));
    services.set_shares(Arc::new(Shares::from(share)));
    assert!(!services.batches().is_empty());
    assert_eq!(names(&services, true), ["elsewhere", "web"], "not committed");
    services.committed();
    assert_eq!(names(&services, true), ["elsewhere"], "another proxy is named");
    assert_eq!(names(&services, false), ["elsewhere", "web"], "there is no table");
    services.apply_service(service("elsewhere", json!({})));
    assert_eq!(names(&services, true), ["elsewhere"], "not computed");
    services.batches();
    assert_eq!(names(&services, true), ["elsewhere"], "not committed");
    services.committed();
    assert_eq!(names(&services, true), [""; 0]);
    services.remove_service(&ObjectName::new("default", "web"));
    services.set_shares(Arc::default());
    services.batches();
    assert_eq!(names(&services, true), [""; 0], "nobody waits for it");
}
