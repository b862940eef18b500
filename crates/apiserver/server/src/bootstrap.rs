//! The objects that every cluster has: the system Namespaces and the Service by which pods reach the API
//! server.

use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::inner::Inner;
use crate::{meta, serve};

const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];
const JSON: &str = "application/json";
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

/// Creates what is missing.
pub(crate) fn objects(server: &Arc<Inner>) -> Result<(), ApiError> {
    for name in NAMESPACES {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        create(server, "/api/v1/namespaces", &namespace)?;
    }
    if let Some(address) = server.service_address() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": "kubernetes", "namespace": "default",
                "labels": {"component": "apiserver", "provider": "kubernetes"},
            },
            "spec": {
                "type": "ClusterIP", "clusterIP": address, "clusterIPs": [address],
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": server.advertised().port()}],
            },
        });
        create(server, "/api/v1/namespaces/default/services", &service)?;
    }
    Ok(())
}

/// Points the Service `kubernetes` to the listener, or to what stands in front of it.
pub(crate) fn point_to_listener(server: &Arc<Inner>) -> Result<(), ApiError> {
    let address = server.advertised();
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes", "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": if address.is_ipv4() { "IPv4" } else { "IPv6" },
        "endpoints": [{"addresses": [address.ip()], "conditions": {"ready": true}}],
        "ports": [{"name": "https", "port": address.port(), "protocol": "TCP"}],
    });
    // A PUT makes no EndpointSlice that is missing.
    create(server, SLICES, &slice)?;
    send(server, Method::PUT, &format!("{SLICES}/kubernetes"), JSON, &slice)?;
    let ports = json!({"spec": {"ports": [
        {"name": "https", "port": 443, "protocol": "TCP", "targetPort": address.port()},
    ]}});
    let service = "/api/v1/namespaces/default/services/kubernetes";
    send(
        server,
        Method::PATCH,
        service,
        "application/merge-patch+json",
        &ports,
    )
}

/// Creates an object unless it exists.
fn create(server: &Arc<Inner>, path: &str, object: &Value) -> Result<(), ApiError> {
    let existing = format!("{path}/{}", meta::text(object, "name"));
    // Asked first: a second Service with this cluster IP is refused as invalid, not as existing.
    match send(server, Method::GET, &existing, "", &Value::Null) {
        Err(error) if error.code == 404 => send(server, Method::POST, path, JSON, object),
        other => other,
    }
}

fn send(
    server: &Arc<Inner>,
    method: Method,
    path: &str,
    media_type: &str,
    body: &Value,
) -> Result<(), ApiError> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", media_type)
        // Becomes the manager in `managedFields`.
        .header("user-agent", "kinglet-apiserver")
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(ApiError::internal)?;
    let (status, answer) = block_on(serve::ask(server.clone(), request));
    if status < 400 {
        return Ok(());
    }
    let message = serde_json::from_slice::<Value>(&answer)
        .ok()
        .and_then(|status| status["message"].as_str().map(str::to_owned))
        .unwrap_or_default();
    Err(ApiError::new(status, "Bootstrap", format!("{path}: {message}")))
}
