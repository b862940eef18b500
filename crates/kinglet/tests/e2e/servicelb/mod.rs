//! Load balancers in a lab: what a client outside sees, with Kinglet's server and agents as processes on the
//! nodes.

mod daemonset;
mod distribution;
mod families;
mod kube_proxy;
mod native;
mod nodes;
mod pods;
mod processes;
mod refused;
mod switch;
mod traffic;

use serde_json::{Value, json};

use crate::hello::{self, eventually};
use crate::lab::{self, Lab};

/// Whether the tests can run.
fn is_possible() -> bool {
    lab::is_possible() && hello::newest_kubectl().is_some()
}

/// A Pod of echo servers on a node.
fn pod(name: &str, node: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": app}},
        "spec": {
            "nodeName": node, "terminationGracePeriodSeconds": 1,
            "containers": [{
                "name": "echo", "image": "kinglet/echo:1",
                "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
            }],
        },
    })
}

fn service(name: &str, app: &str, port: u16, more: Value) -> Value {
    let mut service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "type": "LoadBalancer", "selector": {"app": app},
            "ports": [
                {"name": "http", "port": port, "targetPort": 80},
                {"name": "udp", "port": port, "targetPort": 53, "protocol": "UDP"},
            ],
        },
    });
    for (key, value) in more.as_object().unwrap() {
        service["spec"][key] = value.clone();
    }
    service
}

/// Addresses in the status of a Service.
fn addresses(lab: &Lab, service: &str) -> Vec<String> {
    let path = "jsonpath={.status.loadBalancer.ingress[*].ip}";
    let printed = lab.kubectl(&["get", "service", service, "-o", path]);
    printed.split_whitespace().map(str::to_owned).collect()
}

fn wait_for_addresses(lab: &Lab, service: &str, expected: &[&str]) {
    eventually(|| {
        let found = addresses(lab, service);
        if found == expected {
            Ok(())
        } else {
            Err(format!("{service}: {found:?}, not {expected:?}"))
        }
    });
}

/// Waits until a probe ends like this.
fn wait_for_result(lab: &Lab, to: &str, port: &str, expected: &str) {
    eventually(|| {
        let outcome = lab.act(&["probe", "client", to, port, "--timeout", "0.5", "-o", "json"]);
        let outcome: Value = serde_json::from_slice(&outcome.stdout).unwrap_or_default();
        if outcome["result"] == expected {
            Ok(())
        } else {
            Err(format!("{to} {port}: {outcome}, not {expected}"))
        }
    });
}
