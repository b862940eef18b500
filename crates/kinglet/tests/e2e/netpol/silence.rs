//! An agent whose connections to the API server die without a word, as when the server loses power, its
//! address moves, or a NAT forgets them.

use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kinglet_kube::{Collection, Resource};
use kinglet_model::{EndpointSlice, Namespace, NetworkPolicy, Node, ObjectName, Pod, Service};
use kinglet_test_support::until;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::world::{World, policy};
use crate::lab::is_possible;

/// The bound that agents have here; the API server itself says something once a minute.
const MAX_WATCH_AGE: &str = "15s";
/// A dead connection is noticed after 45 s at most, and anything that asks to be heard within that.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two changes of each kind.
const BEAT: Duration = Duration::from_secs(1);
const TYPE: &str = "kinglet.dev/AgentReady";

/// Changes an object of every kind that agents watch, so that a healthy watch is never old.
struct Heartbeat {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Heartbeat {
    fn start(world: &World) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, kubeconfig) = (stop.clone(), world.lab.kubeconfig());
        let thread = thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            let client = runtime
                .block_on(kinglet_kube::connect(Some(&kubeconfig)))
                .unwrap();
            let objects = [
                (Resource::of::<Pod>(), ObjectName::new("x", "b")),
                (Resource::of::<Namespace>(), ObjectName::cluster("x")),
                (Resource::of::<NetworkPolicy>(), ObjectName::new("canary", "turn")),
                (Resource::of::<Node>(), ObjectName::cluster("node-1")),
                (
                    Resource::of::<Service>(),
                    ObjectName::new("default", "kubernetes"),
                ),
                (
                    Resource::of::<EndpointSlice>(),
                    ObjectName::new("default", "kubernetes"),
                ),
            ];
            let objects = objects.map(|(kind, name)| (Collection::new(client.clone(), kind), name));
            for number in 0.. {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let patch = json!({"metadata": {"annotations": {"e2e/beat": number.to_string()}}});
                for (kind, name) in &objects {
                    runtime.block_on(kind.merge(name, &patch)).unwrap();
                }
                thread::park_timeout(BEAT);
            }
        });
        Self { stop, thread }
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// The agent's node, seen from its network.
struct Agent<'a>(&'a World);

impl Agent<'_> {
    fn on_node(&self, command: &[&str]) -> Output {
        let mut arguments = vec!["node-exec", "node-2", "--"];
        arguments.extend(command);
        self.0.lab.act(&arguments)
    }

    fn run(&self, command: &[&str]) -> String {
        let output = self.on_node(command);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn page(&self, path: &str) -> String {
        self.run(&["curl", "-s", &format!("http://127.0.0.1:9901{path}")])
    }

    /// Waits for what `/readyz` says.
    fn says(&self, what: &str) {
        until(PATIENCE, || {
            let page = self.page("/readyz");
            if page.contains(what) { Ok(()) } else { Err(page) }
        });
    }

    /// Ports of the node's connections to the API server.
    fn connections(&self) -> Vec<String> {
        let listed = self.run(&["ss", "-Htn", "state", "established", "dport = :6443"]);
        let local = listed.lines().filter_map(|line| line.split_whitespace().nth(2));
        let ports: Vec<String> = local
            .filter_map(|address| address.rsplit(':').next())
            .map(str::to_owned)
            .collect();
        assert!(!ports.is_empty(), "{listed}");
        ports
    }

    /// Drops packets to and from the API server; with ports, only those of connections from them.
    fn cut(&self, ports: Option<&[String]>) {
        let only = |word: &str| {
            ports.map_or(String::new(), |all| {
                format!("tcp {word} {{ {} }}", all.join(", "))
            })
        };
        let script = format!(
            "add table inet cut; delete table inet cut; table inet cut {{
                chain out {{ type filter hook output priority -300; tcp dport 6443 {} drop; }}
                chain in {{ type filter hook input priority -300; tcp sport 6443 {} drop; }}
            }}",
            only("sport"),
            only("dport"),
        );
        self.run(&["nft", &script]);
    }

    /// Waits for the condition of the Node, and answers it.
    fn condition(&self, status: &str) -> Value {
        until(PATIENCE, || {
            let text = self
                .0
                .lab
                .kubectl(&["get", "node", "node-2", "-o", "jsonpath={.status.conditions}"]);
            let all: Vec<Value> = serde_json::from_str(&text).unwrap();
            let own = all.into_iter().find(|one| one["type"] == TYPE);
            own.filter(|one| one["status"] == status).ok_or(text)
        })
    }
}

#[test]
fn an_agent_notices_that_its_connections_are_dead() {
    if !is_possible() {
        return;
    }
    let mut world = World::with_variables(2, &[], &[("KINGLET_MAX_WATCH_AGE", MAX_WATCH_AGE)]);
    // Some kinds do not change here: the agent cannot tell that from silence, and says so.
    let silent = Agent(&world).condition("False");
    let message = silent["message"].as_str().unwrap();
    assert!(
        message.contains("watches: nothing heard") && message.contains("services"),
        "{message}"
    );
    let heartbeat = Heartbeat::start(&world);
    let agent = Agent(&world);
    agent.condition("True");
    agent.says("ok");
    let metrics = agent.page("/metrics");
    for metric in [
        "kinglet_watch_age_seconds{group=\"\",resource=\"pods\"}",
        "kinglet_netpol_lag_seconds 0.0",
        "kinglet_services_lag_seconds 0.0",
    ] {
        assert!(metrics.contains(metric), "{metrics}");
    }

    let dead = agent.connections();
    agent.cut(None);
    world.label("x", "a", "c");
    world.apply(&policy(
        "x",
        "p",
        json!({"podSelector": {"matchLabels": {"pod": "c"}}, "policyTypes": ["Ingress"]}),
    ));
    agent.says("[-] watches: nothing heard");
    // New connections work again; nobody on the way knows of the old ones, and no end is told.
    agent.cut(Some(&dead));
    agent.says("ok");
    world.settle();
    assert_eq!(world.differences(), Vec::<String>::new());
    Agent(&world).condition("True");
    heartbeat.end();
}
