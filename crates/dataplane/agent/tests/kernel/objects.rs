//! Objects, as an API server would send them.

use std::sync::Arc;

use kinglet_model::{EndpointSlice, Service};
use serde_json::{Value, json};

/// A Service `default/web` for TCP and UDP on port 80 of 10.43.0.80 and fd43::80, and on the nodes' port
/// 30080, with changes to `spec`.
pub(crate) fn web(changes: Value) -> Arc<Service> {
    Arc::new(serde_json::from_value(web_object(changes)).expect("a Service"))
}

/// [`web`], as JSON.
pub(crate) fn web_object(changes: Value) -> Value {
    let mut object = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "type": "NodePort",
            "clusterIP": "10.43.0.80",
            "clusterIPs": ["10.43.0.80", "fd43::80"],
            "ipFamilies": ["IPv4", "IPv6"],
            "ports": [
                {"name": "tcp", "protocol": "TCP", "port": 80, "nodePort": 30080},
                {"name": "udp", "protocol": "UDP", "port": 80, "nodePort": 30080},
            ],
        },
    });
    if let (Value::Object(spec), Value::Object(changes)) = (&mut object["spec"], changes) {
        spec.extend(changes);
    }
    object
}

/// A slice of it with these endpoints, each `ADDRESS NODE`; their family is that of the first.
pub(crate) fn slice(name: &str, endpoints: &[&str]) -> Arc<EndpointSlice> {
    Arc::new(serde_json::from_value(slice_object(name, endpoints)).expect("an EndpointSlice"))
}

/// [`slice`], as JSON.
pub(crate) fn slice_object(name: &str, endpoints: &[&str]) -> Value {
    let family = if endpoints.iter().any(|text| text.contains(':')) {
        "IPv6"
    } else {
        "IPv4"
    };
    let endpoints = endpoints.iter().map(|text| {
        let (address, node) = text.split_once(' ').expect("an address and a node");
        json!({"addresses": [address], "nodeName": node})
    });
    json!({
        "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": family,
        "endpoints": endpoints.collect::<Vec<_>>(),
        "ports": [
            {"name": "tcp", "protocol": "TCP", "port": crate::world::PORT},
            {"name": "udp", "protocol": "UDP", "port": crate::world::PORT},
        ],
    })
}

/// A Service `default/NAME` of UDP port 5353 with these addresses and `spec`.
pub(crate) fn datagrams(name: &str, address: &str, spec: Value) -> Arc<Service> {
    let mut object = web_object(json!({
        "clusterIP": address,
        "clusterIPs": [address],
        "ipFamilies": ["IPv4"],
        "ports": [{"name": "udp", "protocol": "UDP", "port": 5353}],
    }));
    if let (Value::Object(own), Value::Object(changes)) = (&mut object["spec"], spec) {
        own.extend(changes);
    }
    object["metadata"]["name"] = name.into();
    Arc::new(serde_json::from_value(object).expect("a Service"))
}

/// The only slice of a Service.
pub(crate) fn slice_of(service: &str, endpoints: &[&str]) -> Arc<EndpointSlice> {
    let mut object = slice_object(service, endpoints);
    object["metadata"]["labels"]["kubernetes.io/service-name"] = service.into();
    Arc::new(serde_json::from_value(object).expect("an EndpointSlice"))
}
