//! What does not change between two compilations keeps its identity, and the order in which objects arrive
//! does not matter.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use kinglet_ingress_providers::{ClusterView, Compiler, Options};
use kinglet_model::{EndpointSlice, Ingress, Object, ObjectName, Service};
use serde_json::json;

fn compiler() -> Compiler {
    Compiler::new(Options::default())
}

fn decode<K: Object>(value: serde_json::Value) -> (ObjectName, Arc<K>) {
    let object: K = serde_json::from_value(value).unwrap();
    (object.object_name(), Arc::new(object))
}

fn service(namespace: &str, name: &str) -> (ObjectName, Arc<Service>) {
    decode(json!({
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"ports": [{"port": 80}]},
    }))
}

fn slice(namespace: &str, service: &str, address: &str) -> (ObjectName, Arc<EndpointSlice>) {
    decode(json!({
        "metadata": {
            "namespace": namespace,
            "name": format!("{service}-1"),
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": "IPv4",
        "ports": [{"port": 8080}],
        "endpoints": [{"addresses": [address]}],
    }))
}

fn ingress(
    namespace: &str,
    name: &str,
    created: &str,
    host: &str,
    service: &str,
) -> (ObjectName, Arc<Ingress>) {
    decode(json!({
        "metadata": {"namespace": namespace, "name": name, "creationTimestamp": created},
        "spec": {"rules": [{"host": host, "http": {"paths": [{
            "path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}},
        }]}}]},
    }))
}

fn view(count: usize) -> ClusterView {
    let mut view = ClusterView::default();
    for number in 0..count {
        let name = format!("web-{number}");
        let address = format!("10.0.{}.{}", number / 250, number % 250 + 1);
        view.services.extend([service("default", &name)]);
        view.slices.extend([slice("default", &name, &address)]);
        let host = format!("{name}.example.com");
        view.ingresses
            .extend([ingress("default", &name, "2026-01-01T00:00:00Z", &host, &name)]);
    }
    view
}

#[test]
fn unchanged_services_are_the_same_allocation() {
    let mut view = view(3);
    let mut compiler = compiler();
    let before = compiler.compile(&view).configuration;
    view.slices.extend([slice("default", "web-1", "10.9.9.9")]);
    let after = compiler.compile(&view).configuration;
    let same: Vec<bool> = before
        .services
        .iter()
        .map(|(name, service)| Arc::ptr_eq(service, &after.services[name]))
        .collect();
    assert_eq!(same, [true, false, true]);
}

#[test]
fn the_oldest_of_equal_rules_wins() {
    let mut view = view(2);
    for (name, created, service) in [
        ("young", "2026-02-01T00:00:00Z", "web-0"),
        ("old", "2025-01-01T00:00:00Z", "web-1"),
    ] {
        view.ingresses
            .extend([ingress("default", name, created, "shared.example.com", service)]);
    }
    let configuration = compiler().compile(&view).configuration;
    let table = kinglet_ingress_routes::RouteTable::new(&configuration.routers);
    let router = &configuration.routers[table.find("shared.example.com", "/").unwrap()];
    assert_eq!(router.service.as_deref(), Some("default-web-1-80@kubernetes"));
}

#[test]
fn services_of_two_namespaces_never_share_a_name() {
    let mut view = ClusterView::default();
    for (namespace, name, address) in [("a-b", "c", "10.0.0.1"), ("a", "b-c", "10.0.0.2")] {
        view.services.extend([service(namespace, name)]);
        view.slices.extend([slice(namespace, name, address)]);
        let host = format!("{namespace}.example.com");
        view.ingresses
            .extend([ingress(namespace, "web", "2026-01-01T00:00:00Z", &host, name)]);
    }
    let configuration = compiler().compile(&view).configuration;
    let servers: Vec<String> = configuration
        .routers
        .iter()
        .map(|router| configuration.services[router.service.as_ref().unwrap()].servers[0].to_string())
        .collect();
    assert_eq!(servers, ["10.0.0.2:8080", "10.0.0.1:8080"]);
}
