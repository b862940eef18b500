//! Nodes that go and come, and clients that were there before.

use std::process::Stdio;

use serde_json::json;

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
