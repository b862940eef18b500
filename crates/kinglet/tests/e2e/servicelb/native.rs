//! Load balancers that agents serve in the kernel.

use std::process::Command;

use serde_json::json;

use super::{addresses, is_possible, pod, service, wait_for_addresses, wait_for_result};
use crate::hello::eventually;
use crate::lab::Lab;

#[test]
fn load_balancers_on_node_addresses() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "3"]);
    lab.apply(&pod("here", "node-1", "web"));
    lab.apply(&service("web", "web", 8081, json!({})));
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12", "198.18.0.13"]);

    // A local endpoint sees the client, a remote one the node that passed it on.
    let local = lab.open("client", "198.18.0.11", "8081");
    assert_eq!(
        (&local["pod"], &local["client"]),
        (&json!("default/here"), &json!("198.18.1.2"))
    );
    let remote = lab.open("client", "198.18.0.12", "8081");
    assert_eq!(
        (&remote["pod"], &remote["client"]),
        (&json!("default/here"), &json!("198.18.0.12"))
    );
    lab.open("client", "198.18.0.13", "8081/udp");
    // Processes of nodes and pods reach it, too, and the pod itself.
    lab.open("node:node-2", "198.18.0.12", "8081");
    lab.open("default/here", "198.18.0.11", "8081");

    // The agent counts what it does.
    let metrics = lab
        .node_command("node-1", "curl")
        .args(["-s", "http://127.0.0.1:9901/metrics"])
        .output()
        .unwrap();
    let metrics = String::from_utf8(metrics.stdout).unwrap();
    // kubernetes, kube-dns and web.
    assert!(metrics.contains("\nkinglet_services 3\n"), "{metrics}");
    assert!(
        !metrics.contains("\nkinglet_services_sync_duration_seconds_count 0\n"),
        "{metrics}"
    );

    // externalTrafficPolicy Local: only where an endpoint is, and the client is always seen.
    lab.patch(
        "service",
        "web",
        &json!({"spec":{"externalTrafficPolicy":"Local"}}),
    );
    wait_for_addresses(&lab, "web", &["198.18.0.11"]);
    let seen = lab.open("client", "198.18.0.11", "8081");
    assert_eq!(seen["client"], "198.18.1.2");
    wait_for_result(&lab, "198.18.0.12", "8081", "timeout");
    let port = lab.kubectl(&[
        "get",
        "service",
        "web",
        "-o",
        "jsonpath={.spec.healthCheckNodePort}",
    ]);
    for (node, expected) in [("198.18.0.11", "200"), ("198.18.0.12", "503")] {
        let url = format!("http://{node}:{port}/");
        let arguments = [
            "client-exec",
            "--",
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            &url,
        ];
        eventually(|| {
            let code = String::from_utf8_lossy(&lab.act(&arguments).stdout).into_owned();
            if code == expected {
                Ok(())
            } else {
                Err(format!("{url}: {code}, not {expected}"))
            }
        });
    }
    lab.patch(
        "service",
        "web",
        &json!({"spec":{"externalTrafficPolicy":"Cluster"}}),
    );
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12", "198.18.0.13"]);

    // Source ranges: others are not answered.
    lab.patch(
        "service",
        "web",
        &json!({"spec":{"loadBalancerSourceRanges":["192.0.2.0/24"]}}),
    );
    wait_for_result(&lab, "198.18.0.11", "8081", "timeout");
    lab.patch(
        "service",
        "web",
        &json!({"spec":{"loadBalancerSourceRanges":["198.18.1.0/24"]}}),
    );
    wait_for_result(&lab, "198.18.0.11", "8081", "open");

    // Nobody behind it: refused at once.
    lab.kubectl(&["delete", "pod", "here", "--wait=true"]);
    wait_for_result(&lab, "198.18.0.12", "8081", "refused");

    // No longer a load balancer: nothing stays.
    lab.patch(
        "service",
        "web",
        &json!({"spec":{"type":"ClusterIP","externalTrafficPolicy":null,"loadBalancerSourceRanges":null}}),
    );
    wait_for_addresses(&lab, "web", &[]);
    wait_for_result(&lab, "198.18.0.12", "8081", "refused");
}

#[test]
fn a_port_has_one_owner_and_pools_share_it() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2"]);
    lab.apply(&pod("one", "node-1", "one"));
    lab.apply(&pod("two", "node-2", "two"));
    lab.apply(&service("first", "one", 8081, json!({})));
    wait_for_addresses(&lab, "first", &["198.18.0.11", "198.18.0.12"]);
    // Age counts in whole seconds.
    eventually(|| {
        let created = lab.kubectl(&[
            "get",
            "service",
            "first",
            "-o",
            "jsonpath={.metadata.creationTimestamp}",
        ]);
        let now = Command::new("date")
            .args(["-u", "+%Y-%m-%dT%H:%M:%SZ"])
            .output()
            .unwrap();
        let now = String::from_utf8_lossy(&now.stdout).trim().to_owned();
        if now > created {
            Ok(())
        } else {
            Err(format!("{now} is not after {created}"))
        }
    });
    lab.apply(&service("second", "two", 8081, json!({})));
    eventually(|| {
        let events = lab.kubectl(&[
            "get",
            "events",
            "-o",
            "jsonpath={range .items[*]}{.involvedObject.name} {.message}{\"\\n\"}{end}",
        ]);
        let told = events
            .lines()
            .any(|line| line.starts_with("second ") && line.contains("default/first"));
        if told { Ok(()) } else { Err(events) }
    });
    assert_eq!(addresses(&lab, "second"), Vec::<String>::new());
    assert_eq!(lab.open("client", "198.18.0.12", "8081")["pod"], "default/one");

    // Pools: each Service has a node of its own.
    for (node, pool) in [("node-1", "red"), ("node-2", "blue")] {
        let labels = [
            format!("svccontroller.k3s.cattle.io/lbpool={pool}"),
            "svccontroller.k3s.cattle.io/enablelb=true".to_owned(),
        ];
        lab.kubectl(&["label", "node", node, &labels[0], &labels[1]]);
    }
    for (service, pool) in [("first", "red"), ("second", "blue")] {
        lab.kubectl(&[
            "label",
            "service",
            service,
            &format!("svccontroller.k3s.cattle.io/lbpool={pool}"),
        ]);
    }
    wait_for_addresses(&lab, "first", &["198.18.0.11"]);
    wait_for_addresses(&lab, "second", &["198.18.0.12"]);
    eventually(|| {
        let answer = lab.open("client", "198.18.0.12", "8081");
        if answer["pod"] == "default/two" {
            Ok(())
        } else {
            Err(answer.to_string())
        }
    });
    assert_eq!(lab.open("client", "198.18.0.11", "8081")["pod"], "default/one");
}

#[test]
fn traffic_goes_on_while_an_agent_is_killed_and_comes_back() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2", "--external-ips"]);
    lab.apply(&pod("web", "node-1", "web"));
    lab.apply(&service("web", "web", 80, json!({})));
    // Node addresses from outside are the external ones, translated in front of the nodes. Port 80 of node-1
    // is the ingress'.
    wait_for_addresses(&lab, "web", &["198.51.100.12"]);
    lab.open("client", "198.51.100.12", "80");
    let agent = lab.agent_pid("node-2");
    for request in 0..60 {
        if request == 10 {
            crate::lab::kill(&agent);
        }
        let outcome = lab.probe("client", "198.51.100.12", "80");
        assert_eq!(outcome["result"], "open", "request {request}: {outcome}");
    }
    eventually(|| {
        let now = lab.agent_pid("node-2");
        if now == agent {
            Err(format!("{now} is the killed one"))
        } else {
            Ok(())
        }
    });
    // The new agent follows changes.
    lab.kubectl(&["delete", "service", "web"]);
    wait_for_result(&lab, "198.51.100.12", "80", "refused");
}
