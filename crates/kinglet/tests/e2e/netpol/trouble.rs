//! What may happen to an agent and its rules, under traffic: no packet passes that must not, and none is
//! stopped that may pass.

use std::net::{SocketAddr, TcpStream};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kinglet_lab::Place;
use serde_json::json;

use super::world::{World, policy};
use crate::hello::eventually;
use crate::lab::{is_possible, kill};

/// A connection that is not made within this time is stopped; TCP sends the first packet again after a
/// second.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections one after another, until this is asked how they went.
struct Traffic {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<usize>>,
}

impl Traffic {
    /// From a pod to another, all of which must go the same way.
    fn start(flows: &[(&Place, SocketAddr, bool)]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |(from, to, allowed): &(&Place, SocketAddr, bool)| {
            let (from, to, allowed, stop) = ((*from).clone(), *to, *allowed, stop.clone());
            thread::spawn(move || from.namespace.run(|| Ok(connect(to, allowed, &stop))).unwrap())
        };
        let threads = flows.iter().map(start).collect();
        Self { stop, threads }
    }

    /// The number of connections that were tried; every one went as it must.
    fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.threads.into_iter().map(|thread| thread.join());
        ended.map(Result::unwrap).min().unwrap()
    }
}

fn connect(to: SocketAddr, allowed: bool, stop: &AtomicBool) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let connected = TcpStream::connect_timeout(&to, PATIENCE);
        assert_eq!(
            connected.is_ok(),
            allowed,
            "connection {count} to {to}: {connected:?}"
        );
        count += 1;
        thread::park_timeout(Duration::from_millis(3));
    }
    count
}

/// x/a on node-1 may reach x/c, which runs there too; y/a, which does not; and nobody else.
struct Fenced {
    world: World,
    flows: Vec<(Place, SocketAddr, bool)>,
}

impl Fenced {
    fn new() -> Self {
        let mut world = World::new(2, &[]);
        let egress = json!([{"to": [
            {"podSelector": {"matchLabels": {"pod": "c"}}},
            {"namespaceSelector": {"matchLabels": {"ns": "y"}}},
        ]}]);
        let pods = json!({"matchLabels": {"pod": "a"}});
        world.apply(&policy(
            "x",
            "p",
            json!({"podSelector": pods, "policyTypes": ["Egress"], "egress": egress}),
        ));
        world.settle();
        let mut flows = Vec::new();
        for (to, allowed) in [
            ("x/c", true),
            ("y/b", true),
            ("x/b", false),
            ("z/a", false),
            ("z/b", false),
        ] {
            for v4 in [true, false] {
                flows.push((
                    world.place("x/a"),
                    SocketAddr::new(world.address(to, v4), 80),
                    allowed,
                ));
            }
        }
        Self { world, flows }
    }

    fn traffic(&self) -> Traffic {
        let flows: Vec<_> = self
            .flows
            .iter()
            .map(|(from, to, allowed)| (from, *to, *allowed))
            .collect();
        Traffic::start(&flows)
    }

    fn on_node(&self, command: &[&str]) -> String {
        let mut arguments = vec!["node-exec", "node-1", "--"];
        arguments.extend(command);
        let output = self.world.lab.act(&arguments);
        assert!(
            output.status.success(),
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Kills the agent of node-1 and waits until another one enforces.
    fn kill_agent(&self) {
        let before = self.world.lab.agent_pid("node-1");
        kill(&before);
        eventually(|| {
            let now = self.world.lab.agent_pid("node-1");
            let ready = self.world.lab.act(&[
                "node-exec",
                "node-1",
                "--",
                "curl",
                "-sf",
                "http://127.0.0.1:9901/readyz",
            ]);
            if now != before && ready.status.success() {
                Ok(())
            } else {
                Err(format!("{now} is not ready"))
            }
        });
    }
}

#[test]
fn an_agent_that_is_killed_and_started_again_leaves_no_gap() {
    if !is_possible() {
        return;
    }
    let mut fenced = Fenced::new();
    let traffic = fenced.traffic();
    for _ in 0..3 {
        fenced.kill_agent();
    }
    let tried = traffic.end();
    assert!(tried > 20, "{tried} connections");
    // It goes on following.
    fenced.world.delete_policy("x", "p");
    fenced.world.settle();
    assert_eq!(fenced.world.differences(), Vec::<String>::new());
}

#[test]
fn others_cannot_remove_the_rules() {
    if !is_possible() {
        return;
    }
    let fenced = Fenced::new();
    let traffic = fenced.traffic();
    for _ in 0..10 {
        fenced.on_node(&["nft", "flush", "ruleset"]);
    }
    let tried = traffic.end();
    assert!(tried > 10, "{tried} connections");
}

#[test]
fn rules_stay_while_the_api_server_is_away() {
    if !is_possible() {
        return;
    }
    let mut fenced = Fenced::new();
    // Only what stays on the node: its link is cut.
    fenced
        .flows
        .retain(|(_, to, _)| fenced.world.runs_on(to.ip(), "node-1"));
    assert!(fenced.flows.len() >= 4);
    let traffic = fenced.traffic();
    assert!(fenced.world.lab.act(&["partition", "node-1"]).status.success());
    // An agent that starts meanwhile leaves what is there.
    let before = fenced.world.lab.agent_pid("node-1");
    kill(&before);
    eventually(|| {
        let now = fenced.world.lab.agent_pid("node-1");
        let ready = fenced.world.lab.act(&[
            "node-exec",
            "node-1",
            "--",
            "curl",
            "-s",
            "http://127.0.0.1:9901/readyz",
        ]);
        let ready = String::from_utf8_lossy(&ready.stdout).into_owned();
        if now != before && ready.contains("[-] network-policy") {
            Ok(())
        } else {
            Err(format!("{now}: {ready}"))
        }
    });
    assert!(fenced.world.lab.act(&["heal", "node-1"]).status.success());
    let tried = traffic.end();
    assert!(tried > 20, "{tried} connections");
    fenced.world.delete_policy("x", "p");
    fenced.world.settle();
    assert_eq!(fenced.world.differences(), Vec::<String>::new());
}

#[test]
fn policies_that_come_and_go_open_nothing_else() {
    if !is_possible() {
        return;
    }
    let mut fenced = Fenced::new();
    let traffic = fenced.traffic();
    for round in 0..20_u16 {
        // Every time another profile, in which the same is forbidden and allowed.
        let egress =
            json!([{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": 1000 + round}]}]);
        let pods = json!({"matchLabels": {"pod": "a"}});
        let spec = json!({"podSelector": pods, "policyTypes": ["Egress"], "egress": egress});
        fenced.world.apply(&policy("x", "other", spec));
        fenced.world.settle();
    }
    let tried = traffic.end();
    assert!(tried > 20, "{tried} connections");
}

/// Runs a program in the outside client's namespace, which has no agent.
fn outside(world: &World, command: &[&str]) -> Output {
    let mut arguments = vec!["client-exec", "--"];
    arguments.extend(command);
    world.lab.act(&arguments)
}

fn has_table(world: &World) -> bool {
    let tables = outside(world, &["nft", "list", "tables"]);
    assert!(tables.status.success());
    String::from_utf8_lossy(&tables.stdout).contains("inet kinglet-netpol")
}

#[test]
fn cleanup_and_disabling_remove_the_rules() {
    if !is_possible() {
        return;
    }
    let world = World::new(1, &[]);
    let kinglet = env!("CARGO_BIN_EXE_kinglet");
    // An agent owns the table of its node: nobody else may remove it.
    let refused = world.lab.act(&["node-exec", "node-1", "--", kinglet, "cleanup"]);
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("is an agent running"),
        "{refused:?}"
    );

    let kubeconfig = format!("--kubeconfig={}", world.lab.kubeconfig().display());
    let disabled = [
        "timeout",
        "2",
        kinglet,
        "agent",
        &kubeconfig,
        "--node-name=none",
        "--disable-network-policy",
    ];
    for remove in [&[kinglet, "cleanup"][..], &disabled] {
        for table in ["kinglet-netpol", "kinglet-netpol-guard"] {
            assert!(
                outside(&world, &["nft", "add", "table", "inet", table])
                    .status
                    .success()
            );
        }
        assert!(has_table(&world));
        outside(&world, remove);
        assert!(!has_table(&world), "{remove:?}");
    }
}
