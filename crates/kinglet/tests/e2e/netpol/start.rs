//! Pods start when their policies are in force, and not before.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::world::policy;
use crate::hello::{self, eventually};
use crate::lab::{Lab, is_possible};

/// A pod of the only node.
fn pod(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": app}},
        "spec": {
            "nodeName": "node-1", "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "echo", "image": "kinglet/echo:1", "ports": [{"containerPort": 80}]}],
        },
    })
}

fn lab() -> Option<Lab> {
    if !is_possible() || hello::newest_kubectl().is_none() {
        return None;
    }
    let lab = Lab::up(&["--nodes", "1", "--services", "netpol"]);
    let closed = json!({"podSelector": {"matchLabels": {"app": "closed"}}, "policyTypes": ["Ingress"]});
    lab.apply(&policy("default", "closed", closed));
    Some(lab)
}

fn phase(lab: &Lab, pod: &str) -> String {
    lab.kubectl(&["get", "pod", pod, "-o", "jsonpath={.status.phase}"])
}

fn wait_for_phase(lab: &Lab, pod: &str, wanted: &str) {
    eventually(|| {
        let phase = phase(lab, pod);
        if phase == wanted {
            Ok(())
        } else {
            Err(format!("{pod} is {phase}, not {wanted}"))
        }
    });
}

fn signal(pid: &str, name: &str) {
    assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
}

#[test]
fn a_pod_waits_for_the_agent() {
    let Some(lab) = lab() else { return };
    let agent = lab.agent_pid("node-1");
    signal(&agent, "-STOP");
    lab.apply(&pod("late", "closed"));
    // The first attempt is given up after ten seconds, and told.
    eventually(|| {
        let events = lab.kubectl(&["get", "events", "-o", "jsonpath={.items[*].message}"]);
        let told = events.contains("Failed to create pod sandbox: CNI plugin")
            && events.contains("no answer in time");
        if told { Ok(()) } else { Err(events) }
    });
    assert_eq!(phase(&lab, "late"), "Pending");
    signal(&agent, "-CONT");
    wait_for_phase(&lab, "late", "Running");
}

/// Connects to addresses in turn, again and again, and prints each that opens, once.
const ASK: &str = r#"
import socket, sys
opened = set()
print("asking", flush=True)
while True:
    for last in range(3, 10):
        address = f"10.42.1.{last}"
        client = socket.socket()
        client.settimeout(0.02)
        try:
            client.connect((address, 80))
            if address not in opened:
                opened.add(address)
                print(address, flush=True)
        except OSError:
            pass
        client.close()
"#;

#[test]
fn no_packet_comes_before_the_policies() {
    let Some(lab) = lab() else { return };
    lab.apply(&pod("asker", "asker"));
    wait_for_phase(&lab, "asker", "Running");
    let mut asking = lab
        .pod_command("default/asker", "python3")
        .args(["-c", ASK])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(asking.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("asking"));
    for number in 0..6 {
        let name = format!("closed-{number}");
        lab.apply(&pod(&name, "closed"));
        wait_for_phase(&lab, &name, "Running");
    }
    // The first that is not isolated is the first that opens.
    lab.apply(&pod("open", "open"));
    wait_for_phase(&lab, "open", "Running");
    let address = lab.kubectl(&["get", "pod", "open", "-o", "jsonpath={.status.podIP}"]);
    assert_eq!(lines.next(), Some(address));
    asking.kill().unwrap();
    asking.wait().unwrap();
}
