//! Load balancers that Pods of DaemonSets serve, as in K3s.

use serde_json::json;

use super::{addresses, is_possible, pod, service, wait_for_addresses, wait_for_result};
use crate::hello::eventually;
use crate::lab::Lab;

#[test]
fn pods_forward_to_the_service() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2", "--external-ips", "--servicelb-mode", "daemonset"]);
    lab.apply(&pod("here", "node-1", "web"));
    lab.apply(&service("web", "web", 8081, json!({})));
    wait_for_addresses(&lab, "web", &["198.51.100.11", "198.51.100.12"]);
    for (address, pods) in [("198.51.100.11", "10.42.1."), ("198.51.100.12", "10.42.2.")] {
        for port in ["8081", "8081/udp"] {
            let seen = lab.open("client", address, port);
            assert_eq!(seen["pod"], "default/here", "{address} {port}");
            // The node's own Pod hides the client.
            let client = seen["client"].as_str().unwrap();
            assert!(client.starts_with(pods), "{address} {port}: {client}");
        }
    }

    // externalTrafficPolicy Local: the Pod leads to the node's own endpoint only.
    lab.patch(
        "service",
        "web",
        &json!({"spec": {"externalTrafficPolicy": "Local"}}),
    );
    wait_for_addresses(&lab, "web", &["198.51.100.11"]);
    lab.open("client", "198.51.100.11", "8081");
    lab.patch(
        "service",
        "web",
        &json!({"spec": {"externalTrafficPolicy": "Cluster"}}),
    );
    wait_for_addresses(&lab, "web", &["198.51.100.11", "198.51.100.12"]);

    // Source ranges.
    let ranges = |range: &str| json!({"spec": {"loadBalancerSourceRanges": [range]}});
    lab.patch("service", "web", &ranges("192.0.2.0/24"));
    wait_for_result(&lab, "198.51.100.12", "8081", "timeout");
    lab.patch("service", "web", &ranges("198.18.1.0/24"));
    wait_for_result(&lab, "198.51.100.12", "8081", "open");
    lab.patch(
        "service",
        "web",
        &json!({"spec": {"loadBalancerSourceRanges": null}}),
    );
    // While a Pod is replaced its port is free: the second Service shall not get it then.
    wait_for_pods(&lab, "web", "0.0.0.0/0");

    // The scheduler gives a port to one Pod of a node: the second Service waits, and is served when the first
    // goes.
    lab.apply(&service("second", "web", 8081, json!({})));
    eventually(|| {
        let pods = lab.kubectl(&[
            "get",
            "pods",
            "-n",
            "kube-system",
            "--field-selector=status.phase=Pending",
        ]);
        if pods.matches("svclb-second-").count() == 2 {
            Ok(())
        } else {
            Err(pods)
        }
    });
    assert_eq!(addresses(&lab, "second"), Vec::<String>::new());
    lab.kubectl(&["delete", "service", "web"]);
    wait_for_addresses(&lab, "second", &["198.51.100.11", "198.51.100.12"]);
    lab.open("client", "198.51.100.12", "8081");

    // Nothing stays.
    lab.kubectl(&["delete", "service", "second"]);
    eventually(|| {
        let left = lab.kubectl(&["get", "daemonsets,pods", "-n", "kube-system", "-o", "name"]);
        if left.contains("svclb") { Err(left) } else { Ok(()) }
    });
    wait_for_result(&lab, "198.51.100.12", "8081", "refused");
}

/// Waits until all Pods of a Service have these source ranges.
fn wait_for_pods(lab: &Lab, service: &str, ranges: &str) {
    let label = format!("svccontroller.k3s.cattle.io/svcname={service}");
    let path = "jsonpath={.items[*].spec.template.spec.containers[0].env[?(@.name=='SRC_RANGES')].value}";
    let get = ["get", "daemonsets", "-n", "kube-system", "-l", &label, "-o", path];
    eventually(|| {
        let found = lab.kubectl(&get);
        if found == ranges {
            Ok(())
        } else {
            Err(format!("{service}: source ranges {found:?}, not {ranges:?}"))
        }
    });
    let rollout = [
        "rollout",
        "status",
        "daemonset",
        "-n",
        "kube-system",
        "-l",
        &label,
    ];
    lab.kubectl(&rollout);
}
