//! Pods as clients of load balancers and of ports of nodes, and processes of nodes.

use serde_json::json;

use super::{is_possible, pod, service, wait_for_addresses};
use crate::hello::eventually;
use crate::lab::Lab;

/// Port of the nodes for the Service's port 8081.
const NODE_PORT: &str = "30081";

#[test]
fn policies_see_pods_behind_a_local_load_balancer() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2"]);
    lab.apply(&pod("here", "node-1", "web"));
    lab.apply(&pod("allowed", "node-2", "client"));
    lab.apply(&pod("other", "node-2", "other"));
    let mut web = service("web", "web", 8081, json!({"externalTrafficPolicy": "Local"}));
    web["spec"]["ports"][0]["nodePort"] = json!(30081);
    lab.apply(&web);
    lab.apply(&json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "ingress": [
                {"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]},
                // Processes of its own node are never forbidden; this is the client outside.
                {"from": [{"ipBlock": {"cidr": "198.18.1.0/24"}}]},
            ],
        },
    }));
    wait_for_addresses(&lab, "web", &["198.18.0.11"]);
    let result = |from: &str, to: &str, port: &str, expected: &str| {
        eventually(|| {
            let outcome = lab.act(&["probe", from, to, port, "--timeout", "0.5", "-o", "json"]);
            let outcome: serde_json::Value = serde_json::from_slice(&outcome.stdout).unwrap_or_default();
            if outcome["result"] == expected {
                Ok(())
            } else {
                Err(format!("{from} {to} {port}: {outcome}, not {expected}"))
            }
        });
    };
    // A pod of another node, by the load balancer's address: the endpoint sees the pod, and its policy, too.
    result("default/other", "198.18.0.11", "8081", "refused");
    let address = lab.kubectl(&["get", "pod", "allowed", "-o", "jsonpath={.status.podIP}"]);
    for port in ["8081", "8081/udp"] {
        let seen = lab.open("default/allowed", "198.18.0.11", port);
        assert_eq!(seen["client"], address.trim(), "{port}");
    }
    // A node without endpoints answers its own pods, and nobody else.
    let seen = lab.open("default/allowed", "198.18.0.12", NODE_PORT);
    assert_eq!(seen["client"], address.trim());
    result("default/here", "198.18.0.12", NODE_PORT, "timeout");
    result("client", "198.18.0.12", NODE_PORT, "timeout");
    assert_eq!(
        lab.open("client", "198.18.0.11", NODE_PORT)["client"],
        "198.18.1.2"
    );
    // Processes of the node reach its port on loopback addresses; those of others do not reach theirs.
    lab.open("node:node-1", "127.0.0.1", NODE_PORT);
    result("node:node-1", "127.0.0.1", "8081", "refused");
}

#[test]
fn nodes_without_a_kube_proxy_track_connections_as_with_one() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "1"]);
    let sysctl = |name: &str| {
        let output = lab
            .node_command("node-1", "cat")
            .arg(format!("/proc/sys/net/{name}"))
            .output();
        String::from_utf8(output.unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned()
    };
    eventually(|| match sysctl("ipv4/conf/all/route_localnet").as_str() {
        "1" => Ok(()),
        other => Err(format!("route_localnet is {other:?}")),
    });
    let at_least = |name: &str, least: u64| {
        let found = sysctl(&format!("netfilter/nf_conntrack_tcp_timeout_{name}"));
        assert!(found.parse::<u64>().unwrap() >= least, "{name}: {found}");
    };
    at_least("close_wait", 3600);
    at_least("established", 86_400);
}
