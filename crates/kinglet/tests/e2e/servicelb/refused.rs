//! Nodes that cannot serve, and nodes whose agents are gone.

use std::io::Write;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::processes::Process;
use super::{is_possible, pod, service, wait_for_addresses, wait_for_result};
use crate::hello::eventually;
use crate::lab::Lab;

/// A lab whose server and agents the test starts.
fn lab() -> Lab {
    let lab = Lab::up(&["--nodes", "2", "--services", "none", "--service-proxy", "false"]);
    lab.apply(&pod("web", "node-1", "web"));
    lab
}

fn agent(lab: &Lab, node: &str) -> Process {
    Process::agent(lab, node, &["--service-proxy", &address_flag(node)])
}

fn address_flag(node: &str) -> String {
    format!("--node-ip=198.18.0.1{}", node.trim_start_matches("node-"))
}

/// The condition of a Service.
fn condition(lab: &Lab, service: &str) -> Value {
    let service: Value =
        serde_json::from_str(&lab.kubectl(&["get", "service", service, "-o", "json"])).unwrap();
    let conditions = service["status"]["conditions"].as_array().into_iter().flatten();
    let mut conditions = conditions.filter(|one| one["type"] == "kinglet.dev/LoadBalancerReady");
    conditions.next().cloned().unwrap_or_default()
}

fn wait_for_message(lab: &Lab, service: &str, part: &str) {
    eventually(|| {
        let condition = condition(lab, service);
        let message = condition["message"].as_str().unwrap_or_default();
        if message.contains(part) {
            Ok(())
        } else {
            Err(format!("{service}: {condition}, not {part:?}"))
        }
    });
}

/// A program that owns the table's name on a node, until it ends.
struct Owner(Child);

impl Owner {
    fn start(lab: &Lab, node: &str) -> Self {
        let mut owner = lab
            .node_command(node, "nft")
            .arg("-i")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let input = owner.stdin.as_mut().unwrap();
        writeln!(input, "add table inet kinglet-services {{ flags owner; }}").unwrap();
        eventually(|| {
            let listed = lab.node_command(node, "nft").args(["list", "tables"]).output();
            let tables = String::from_utf8(listed.unwrap().stdout).unwrap();
            if tables.contains("kinglet-services") {
                Ok(())
            } else {
                Err(tables)
            }
        });
        Self(owner)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // It ends with its input.
        self.0.stdin.take();
        let _ = self.0.wait();
    }
}

#[test]
fn a_node_whose_kernel_refuses_is_not_published() {
    if !is_possible() {
        return;
    }
    let lab = lab();
    let owner = Owner::start(&lab, "node-2");
    let _server = Process::server(&lab, &[]);
    let _first = agent(&lab, "node-1");
    let _second =
        Process::agent_that_cannot_serve(&lab, "node-2", &["--service-proxy", &address_flag("node-2")]);
    lab.apply(&service("web", "web", 8081, json!({})));
    wait_for_addresses(&lab, "web", &["198.18.0.11"]);
    wait_for_message(&lab, "web", "Served by 1 node; node node-2 cannot serve it");
    lab.open("client", "198.18.0.11", "8081");
    // Its table goes with the program.
    drop(owner);
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);
    wait_for_message(&lab, "web", "Served by 2 nodes");
    lab.open("client", "198.18.0.12", "8081");
}

#[test]
fn a_dead_agent_serves_what_its_kernel_has_and_nothing_more() {
    if !is_possible() {
        return;
    }
    let lab = lab();
    let _server = Process::server(&lab, &[]);
    let _first = agent(&lab, "node-1");
    let second = agent(&lab, "node-2");
    lab.apply(&service("web", "web", 8081, json!({})));
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);
    // Killed, not asked to end.
    drop(second);
    lab.apply(&service("late", "web", 8082, json!({})));
    wait_for_addresses(&lab, "late", &["198.18.0.11"]);
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);
    lab.open("client", "198.18.0.12", "8081");
    wait_for_result(&lab, "198.18.0.12", "8082", "refused");
    let _third = agent(&lab, "node-2");
    wait_for_addresses(&lab, "late", &["198.18.0.11", "198.18.0.12"]);
    lab.open("client", "198.18.0.12", "8082");
}
