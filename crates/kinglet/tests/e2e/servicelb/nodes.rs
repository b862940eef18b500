//! Nodes that go and come, and clients that were there before.

use std::process::Stdio;

use serde_json::{Value, json};

use super::processes::Process;
use super::{is_possible, pod, service, wait_for_addresses, wait_for_result};
use crate::lab::Lab;

#[test]
fn a_lost_node_is_unpublished_until_it_is_back() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2", "--node-lease-seconds", "2"]);
    lab.apply(&pod("here", "node-1", "web"));
    lab.apply(&service("web", "web", 8081, json!({})));
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);
    lab.succeed(&["partition", "node-2"]);
    wait_for_addresses(&lab, "web", &["198.18.0.11"]);
    lab.open("client", "198.18.0.11", "8081");
    lab.succeed(&["heal", "node-2"]);
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);
    lab.open("client", "198.18.0.12", "8081");

    // A Node that is deleted.
    lab.kubectl(&["cordon", "node-2"]);
    lab.open("client", "198.18.0.12", "8081");
    lab.kubectl(&[
        "label",
        "node",
        "node-2",
        "node.kubernetes.io/exclude-from-external-load-balancers=true",
    ]);
    wait_for_addresses(&lab, "web", &["198.18.0.11"]);
    wait_for_result(&lab, "198.18.0.12", "8081", "refused");
}

#[test]
fn a_node_may_register_again_and_change_its_address() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2", "--services", "none", "--service-proxy", "false"]);
    let _server = Process::server(&lab, &[]);
    let agent = |node: &str, address: &str| {
        Process::agent(&lab, node, &["--service-proxy", &format!("--node-ip={address}")])
    };
    let _first = agent("node-1", "198.18.0.11");
    let second = agent("node-2", "198.18.0.12");
    lab.apply(&pod("here", "node-1", "web"));
    lab.apply(&service("web", "web", 8081, json!({})));
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);

    // The Node is deleted, and its kubelet registers it under the same name.
    let mut node: Value =
        serde_json::from_str(&lab.kubectl(&["get", "node", "node-2", "-o", "json"])).unwrap();
    lab.kubectl(&["delete", "node", "node-2"]);
    wait_for_addresses(&lab, "web", &["198.18.0.11"]);
    wait_for_result(&lab, "198.18.0.12", "8081", "refused");
    let labels = json!({"kubernetes.io/hostname": "node-2", "kubernetes.io/os": "linux"});
    node["metadata"] = json!({"name": "node-2", "labels": labels});
    let key = "node.cloudprovider.kubernetes.io/uninitialized";
    node["spec"]["taints"] = json!([{"key": key, "value": "true", "effect": "NoSchedule"}]);
    lab.apply(&node);
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);
    lab.open("client", "198.18.0.12", "8081");
    lab.open("client", "198.18.0.12", "8081/udp");

    // Another address, at which clients find it as soon as the status says so; and back.
    lab.node_command("node-2", "ip")
        .args(["address", "add", "198.18.0.32/24", "dev", "eth0"])
        .status()
        .unwrap();
    second.end();
    let second = agent("node-2", "198.18.0.32");
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.32"]);
    lab.open("client", "198.18.0.32", "8081");
    // The kernel serves all addresses that it has.
    lab.open("client", "198.18.0.12", "8081");
    lab.node_command("node-2", "ip")
        .args(["address", "delete", "198.18.0.32/24", "dev", "eth0"])
        .status()
        .unwrap();
    second.end();
    let _second = agent("node-2", "198.18.0.12");
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);
    lab.open("client", "198.18.0.12", "8081");
}

#[test]
fn sctp_has_rules_and_a_status() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2"]);
    lab.apply(&pod("here", "node-1", "web"));
    let port = |protocol: &str| json!({"name": protocol.to_lowercase(), "port": 9899, "protocol": protocol});
    let sctp = json!({"ports": [port("SCTP"), port("TCP")]});
    lab.apply(&service("signal", "web", 9899, sctp));
    wait_for_addresses(&lab, "signal", &["198.18.0.11", "198.18.0.12"]);
    let ports = lab.kubectl(&[
        "get",
        "service",
        "signal",
        "-o",
        "jsonpath={.status.loadBalancer.ingress[0].ports[*].protocol}",
    ]);
    assert_eq!(ports, "SCTP TCP");
    for node in ["node-1", "node-2"] {
        let listed = lab
            .node_command(node, "nft")
            .args(["list", "table", "inet", "kinglet-services"])
            .output();
        let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
        let chain = listed
            .lines()
            .find(|line| line.contains("sctp") && line.contains("9899"));
        assert!(chain.is_some(), "{node}: {listed}");
    }
    // The same port of another protocol is another Service's.
    lab.apply(&service(
        "udp",
        "web",
        9899,
        json!({"ports": [{"port": 9899, "protocol": "UDP", "targetPort": 53}]}),
    ));
    wait_for_addresses(&lab, "udp", &["198.18.0.11", "198.18.0.12"]);
    lab.open("client", "198.18.0.12", "9899/udp");
}

/// Sends from one port until an answer comes, for at most 20 seconds; prints it.
const ASK: &str = r#"
import socket, sys, time
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(0.1)
client.connect((sys.argv[1], int(sys.argv[2])))
print("asking", flush=True)
for _ in range(200):
    try:
        client.send(b"?")
        print(client.recv(4096).decode())
        break
    except TimeoutError:
        pass
    except OSError:
        time.sleep(0.1)
"#;

#[test]
fn a_udp_client_that_was_there_before_the_service_is_served() {
    use std::io::{BufRead, BufReader};
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2"]);
    for node in ["198.18.0.11", "198.18.0.12"] {
        let mut asking = lab
            .client_command("python3")
            .args(["-c", ASK, node, "8081"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(asking.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "asking");
        // Some datagrams are tracked as going nowhere.
        std::thread::sleep(std::time::Duration::from_millis(500));
        lab.apply(&pod("here", "node-1", "web"));
        lab.apply(&service("web", "web", 8081, json!({})));
        let answer = lines.next().expect("an answer").unwrap();
        assert!(answer.contains("default/here"), "{node}: {answer}");
        asking.wait().unwrap();
        lab.kubectl(&["delete", "service", "web"]);
    }
}
