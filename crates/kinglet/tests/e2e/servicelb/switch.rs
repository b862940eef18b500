//! From one mode to the other.

use serde_json::json;

use super::processes::Process;
use super::{is_possible, pod, service, traffic, wait_for_addresses};
use crate::hello::eventually;
use crate::lab::Lab;

const NODES: [&str; 2] = ["node-1", "node-2"];
/// Of node-2; translated in front of it.
const ADDRESS: &str = "198.51.100.12";

/// The server and the agents in a mode.
struct Kinglet {
    server: Process,
    agents: Vec<Process>,
}

impl Kinglet {
    fn start(lab: &Lab, mode: &str) -> Self {
        let mode = format!("--servicelb-mode={mode}");
        let flags = [mode.as_str()];
        Self {
            server: Process::server(lab, &flags),
            agents: NODES.map(|node| agent(lab, node, &flags)).into(),
        }
    }

    /// Starts everything anew in another mode, one process after another.
    fn switch(self, lab: &Lab, mode: &str) -> Self {
        let mode = format!("--servicelb-mode={mode}");
        let flags = [mode.as_str()];
        self.server.end();
        let server = Process::server(lab, &flags);
        let agents = self.agents.into_iter().zip(NODES).map(|(before, node)| {
            before.end();
            agent(lab, node, &flags)
        });
        let agents = agents.collect();
        Self { server, agents }
    }

    fn end(self) {
        self.server.end();
        self.agents.into_iter().for_each(Process::end);
    }
}

fn agent(lab: &Lab, node: &str, flags: &[&str]) -> Process {
    let number = node.trim_start_matches("node-");
    let external = format!("--node-external-ip=198.51.100.1{number}");
    let internal = format!("--node-ip=198.18.0.1{number}");
    Process::agent(
        lab,
        node,
        &[flags, &["--service-proxy", &external, &internal]].concat(),
    )
}

/// Waits until the pod on node-1 sees connections by node-2 come from an address that begins like this, and
/// there are so many DaemonSets.
fn wait_for_way(lab: &Lab, client: &str, sets: usize) {
    eventually(|| {
        let seen = lab.probe("client", ADDRESS, "8081");
        let listed = lab.kubectl(&["get", "daemonsets", "-A", "-o", "name"]);
        let right = seen["client"]
            .as_str()
            .is_some_and(|seen| seen.starts_with(client));
        if right && listed.lines().count() == sets {
            Ok(())
        } else {
            Err(format!("{seen}, not {client}; {listed:?}, not {sets}"))
        }
    });
}

#[test]
fn the_mode_switches_both_ways_under_traffic() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&[
        "--nodes",
        "2",
        "--services",
        "none",
        "--external-ips",
        "--service-proxy",
        "false",
    ]);
    lab.apply(&pod("web", "node-1", "web"));
    lab.apply(&service("web", "web", 8081, json!({})));
    let native = Kinglet::start(&lab, "native");
    wait_for_addresses(&lab, "web", &["198.51.100.11", ADDRESS]);
    lab.open("client", ADDRESS, "8081");
    // The node masquerades what it passes on.
    wait_for_way(&lab, "198.18.0.12", 0);
    let connections = traffic::during(&lab, ADDRESS, "8081", || {
        let daemonset = native.switch(&lab, "daemonset");
        // The Pod on node-2 does.
        wait_for_way(&lab, "10.42.2.", 1);
        let native = daemonset.switch(&lab, "native");
        wait_for_way(&lab, "198.18.0.12", 0);
        native.end();
    });
    assert!(connections > 20, "{connections} connections");
    wait_for_addresses(&lab, "web", &["198.51.100.11", ADDRESS]);
}
