//! The agent in a network namespace of its own, with an API that does as it is told. Root is needed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail by panicking"
)]

mod halfway;
mod leftovers;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kinglet_kube::{Recorder, Reflectors};
use kinglet_model::{Namespace, NetworkPolicy, Node, Pod};
use kinglet_netpol::{
    AgentError, AgentStopped, KINDS, Kernel, Metrics, Outputs, PodAdmission, PolicyAgent, Sources,
};
use kinglet_nft::{Batch, Connection, Family, Ownership, Table};
use kinglet_policy::PolicySettings;
use kinglet_telemetry::Registry;
use kinglet_test_support::ScriptedApi;
use kinglet_test_support::netns::in_namespace;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Runs `nft` in the namespace of the calling thread; whether it succeeded, and what it printed.
fn nft(arguments: &str) -> (bool, String) {
    let output = Command::new("nft").args(arguments.split(' ')).output().unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

fn table() -> String {
    nft("list table inet kinglet-netpol").1
}

fn node(name: &str, ready: &str) -> Value {
    json!({"metadata": {"name": name, "uid": "1"}, "status": {"conditions": [{"type": "Ready", "status": ready}]}})
}

/// A policy that isolates the only pod, and has an entry that cannot be meant.
fn policy() -> Value {
    json!({
        "metadata": {"namespace": "shop", "name": "p", "uid": "2"},
        "spec": {
            "podSelector": {}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"ipBlock": {"cidr": "192.0.2.0/40"}}, {"ipBlock": {"cidr": "198.51.100.0/24"}}]}],
        },
    })
}

fn api() -> ScriptedApi {
    let api = ScriptedApi::default();
    api.put::<Namespace>(json!({"metadata": {"name": "shop"}}));
    api.put::<Pod>(json!({
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"nodeName": "here"},
        "status": {"phase": "Running", "podIPs": [{"ip": "10.42.0.7"}]},
    }));
    api
}

/// An agent and what it follows.
struct Running {
    api: ScriptedApi,
    runtime: Runtime,
    stop: CancellationToken,
    enforcing: Arc<AtomicBool>,
    registry: Registry,
    running: JoinHandle<Result<(), AgentError>>,
    admission: PodAdmission,
}

impl Running {
    /// Starts it and waits until it enforces.
    fn start(api: ScriptedApi) -> Self {
        Self::start_with(api, None, None)
    }

    /// The same; it compares the kernel's rules with what they should be every `period`, which counts if all
    /// watches are younger than `max_watch_age`.
    fn start_with(api: ScriptedApi, period: Option<Duration>, max_watch_age: Option<Duration>) -> Self {
        let kernel = Kernel::open().unwrap();
        let (runtime, stop) = (Runtime::new().unwrap(), CancellationToken::new());
        let (metrics, mut registry) = (Metrics::default(), Registry::default());
        metrics.register(&mut registry);
        let enforcing = Arc::new(AtomicBool::new(false));
        let told = enforcing.clone();
        let (admission, requests) = PodAdmission::new();
        let guard = runtime.enter();
        let sources = Sources::of(&Reflectors::new(api.client(), stop.clone()));
        let outputs = Outputs {
            recorder: Recorder::spawn(api.client(), "test", "here".to_owned(), stop.clone()),
            metrics,
            enforcing: Box::new(move |enforcing| told.store(enforcing, Ordering::Relaxed)),
            denied: None,
        };
        drop(guard);
        let settings = PolicySettings {
            node: "here".into(),
            ..PolicySettings::default()
        };
        let agent = PolicyAgent {
            kernel,
            settings,
            sources,
            admission: Some(requests),
            started: Vec::new(),
            outputs,
            comparison_period: period,
            max_watch_age,
        };
        let running = runtime.spawn(agent.run(stop.clone()));
        let agent = Self {
            api,
            runtime,
            stop,
            enforcing,
            registry,
            running,
            admission,
        };
        eventually("policies are enforced", || {
            agent.enforcing.load(Ordering::Relaxed)
        });
        agent
    }

    fn stop(self) {
        self.stop.cancel();
        self.runtime.block_on(self.running).unwrap().unwrap();
    }

    fn metrics(&self) -> String {
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &self.registry).unwrap();
        page
    }

    /// The value of a metric.
    fn value(&self, metric: &str) -> f64 {
        let page = self.metrics();
        let value = |line: &str| line.strip_prefix(metric)?.strip_prefix(' ')?.parse().ok();
        page.lines().find_map(value).unwrap_or_default()
    }

    fn has(&self, metric: &str) -> bool {
        self.metrics().lines().any(|line| line == metric)
    }
}

#[test]
fn the_kinds_that_are_watched_are_declared() {
    let runtime = Runtime::new().unwrap();
    let _guard = runtime.enter();
    let reflectors = Reflectors::new(ScriptedApi::default().client(), CancellationToken::new());
    Sources::of(&reflectors);
    assert_eq!(reflectors.kinds(), KINDS.iter().copied().collect());
}

#[test]
fn what_others_do_to_the_table_is_repaired_at_once() {
    in_namespace(|| {
        // A table without an owner stays so: kernels before 6.9 have no others.
        assert!(nft("add table inet kinglet-netpol").0);
        let api = api();
        api.put::<Node>(node("here", "True"));
        api.put::<NetworkPolicy>(policy());
        let agent = Running::start(api);
        let whole = table();
        assert!(whole.contains("10.42.0.7 : goto i_"), "{whole}");
        for damage in [
            "delete table inet kinglet-netpol",
            "flush ruleset",
            "flush chain inet kinglet-netpol np_forward",
            "flush map inet kinglet-netpol in4",
            "insert rule inet kinglet-netpol np_forward accept",
            "add chain inet kinglet-netpol foreign",
        ] {
            assert!(nft(damage).0, "{damage}");
            eventually(damage, || table() == whole);
        }
        assert!(
            agent.has("kinglet_netpol_failures_total 0"),
            "{}",
            agent.metrics()
        );
        assert!(
            !agent.has("kinglet_netpol_repairs_total 0"),
            "{}",
            agent.metrics()
        );
        // What happens elsewhere is no damage.
        assert!(nft("add table inet other").0);
        agent.stop();
        assert_eq!(table(), whole, "rules stay");
        assert!(!nft("list table inet kinglet-netpol-guard").0);
        assert_eq!(
            Kernel::open().unwrap().remove().unwrap(),
            ["nftables table inet kinglet-netpol"]
        );
        assert!(Kernel::open().unwrap().remove().unwrap().is_empty());
    });
}

#[test]
fn a_pod_that_starts_has_its_rules_before_its_status_has_its_addresses() {
    in_namespace(|| {
        let api = api();
        api.put::<Node>(node("here", "True"));
        api.put::<NetworkPolicy>(policy());
        let starting = |ips: Value| {
            json!({
                "metadata": {"namespace": "shop", "name": "new", "uid": "7"},
                "spec": {"nodeName": "here"},
                "status": {"phase": "Pending", "podIPs": ips},
            })
        };
        let agent = Running::start(api);
        let with = serde_json::from_value(starting(json!([{"ip": "10.42.0.9"}]))).unwrap();
        agent
            .runtime
            .block_on(agent.admission.admit(Arc::new(with)))
            .unwrap();
        assert!(table().contains("10.42.0.9 : goto i_"), "when the answer comes");
        // The API still tells of no addresses, and later of another change.
        eventually("pods are watched", || {
            agent.api.send::<Pod>("ADDED", starting(json!([])))
        });
        agent.api.send::<Pod>("MODIFIED", starting(json!([])));
        let mut other = policy();
        other["metadata"]["name"] = "other".into();
        other["spec"] = json!({"podSelector": {}, "policyTypes": ["Egress"]});
        eventually("policies are watched", || {
            agent.api.send::<NetworkPolicy>("ADDED", other.clone())
        });
        eventually("both directions", || table().contains("10.42.0.9 : goto e_"));
        assert!(table().contains("10.42.0.9 : goto i_"));
        agent.api.send::<Pod>("DELETED", starting(json!([])));
        eventually("the pod is gone", || !table().contains("10.42.0.9"));
        let admission = agent.admission.clone();
        agent.stop();
        let closed = Runtime::new().unwrap().block_on(admission.admit(Arc::default()));
        assert_eq!(closed, Err(AgentStopped));
    });
}

#[test]
fn the_first_pod_of_a_family_brings_rules_for_it() {
    in_namespace(|| {
        let api = api();
        api.put::<Node>(node("here", "True"));
        api.put::<NetworkPolicy>(policy());
        let agent = Running::start(api);
        assert!(
            !table().contains("ip6 saddr . ip6 daddr @self6 accept"),
            "{}",
            table()
        );
        let second = json!({
            "metadata": {"namespace": "shop", "name": "six"},
            "spec": {"nodeName": "here"},
            "status": {"phase": "Running", "podIPs": [{"ip": "10.42.0.8"}, {"ip": "fd00:42::8"}]},
        });
        eventually("pods are watched", || {
            agent.api.send::<Pod>("ADDED", second.clone())
        });
        eventually("its address is policed", || {
            table().contains("fd00:42::8 : goto i_")
        });
        assert!(
            table().contains("ip6 saddr . ip6 daddr @self6 accept"),
            "{}",
            table()
        );
        eventually("nothing else stays", || {
            !nft("list table inet kinglet-netpol-guard").0
        });
        assert!(agent.has("kinglet_netpol_repairs_total 0"), "{}", agent.metrics());
        agent.stop();
    });
}

#[test]
fn an_owned_table_cannot_be_changed_by_others() {
    in_namespace(|| {
        let api = api();
        api.put::<Node>(node("here", "True"));
        api.put::<NetworkPolicy>(policy());
        let agent = Running::start(api);
        let whole = table();
        if !whole.contains("flags owner") {
            // This kernel has none.
            agent.stop();
            return;
        }
        assert!(!nft("delete table inet kinglet-netpol").0);
        assert!(nft("flush ruleset").0);
        assert_eq!(table(), whole);
        agent.stop();
    });
}

#[test]
fn rules_are_compared_again_and_again() {
    in_namespace(|| {
        let api = api();
        api.put::<Node>(node("here", "True"));
        api.put::<NetworkPolicy>(policy());
        let agent = Running::start_with(api, Some(Duration::from_millis(20)), None);
        eventually("comparisons", || {
            agent.value("kinglet_netpol_comparisons_total") >= 5.0
        });
        for metric in ["stale_comparisons", "differences", "repairs", "failures"] {
            let none = format!("kinglet_netpol_{metric}_total 0");
            assert!(agent.has(&none), "{}", agent.metrics());
        }
        agent.stop();
    });
}

#[test]
fn comparisons_do_not_count_while_the_api_is_silent() {
    in_namespace(|| {
        let api = api();
        api.put::<Node>(node("here", "True"));
        let (period, longest) = (Duration::from_millis(20), Duration::ZERO);
        let agent = Running::start_with(api, Some(period), Some(longest));
        eventually("comparisons", || {
            agent.value("kinglet_netpol_stale_comparisons_total") >= 5.0
        });
        assert!(
            agent.has("kinglet_netpol_comparisons_total 0"),
            "{}",
            agent.metrics()
        );
        agent.stop();
    });
}

#[test]
fn a_change_that_the_kernel_does_not_take_waits() {
    in_namespace(|| {
        // A table without an owner stays so.
        assert!(nft("add table inet kinglet-netpol").0);
        let api = api();
        api.put::<Node>(node("here", "True"));
        let agent = Running::start(api);
        let lag = || agent.value("kinglet_netpol_lag_seconds");
        eventually("nothing waits", || lag() == 0.0);
        // Another program replaces the table by one of its own.
        let mut other = Connection::open().unwrap();
        let table = Table::new(Family::Inet, "kinglet-netpol");
        let mut batch = Batch::new();
        batch
            .delete_table(&table)
            .add_table(&table.ownership(Ownership::Owned));
        other.commit(&batch).unwrap();
        eventually("policies are watched", || {
            agent.api.send::<NetworkPolicy>("ADDED", policy())
        });
        eventually("the policy waits", || lag() > 0.0);
        let before = lag();
        eventually("longer and longer", || lag() > before);
        // The table goes with its owner.
        drop(other);
        eventually("the policy is enforced", || {
            crate::table().contains("10.42.0.7 : goto i_")
        });
        eventually("nothing waits any more", || lag() == 0.0);
        assert!(agent.enforcing.load(Ordering::Relaxed));
        agent.stop();
    });
}

#[test]
fn a_bridge_shows_its_packets() {
    in_namespace(|| {
        let switch = "/proc/sys/net/bridge/bridge-nf-call-iptables";
        std::fs::write(switch, "0").unwrap();
        let api = api();
        api.put::<Node>(node("here", "True"));
        let agent = Running::start(api);
        assert_eq!(std::fs::read_to_string(switch).unwrap().trim(), "1");
        assert!(
            agent.has("kinglet_netpol_bridge_netfilter_ok 1"),
            "{}",
            agent.metrics()
        );
        agent.stop();
    });
}

#[test]
fn what_has_no_effect_is_told_on_the_policy() {
    in_namespace(|| {
        let api = api();
        // The first node that is ready speaks for all.
        api.put::<Node>(node("first", "False"));
        api.put::<Node>(node("here", "True"));
        api.put::<Node>(node("other", "True"));
        api.put::<NetworkPolicy>(policy());
        let agent = Running::start(api);
        eventually("an Event", || !agent.api.written().is_empty());
        let events = agent.api.written();
        let [event] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(event["type"], "Warning");
        assert_eq!(event["reason"], "InvalidPolicy");
        assert_eq!(event["involvedObject"]["kind"], "NetworkPolicy");
        assert_eq!(event["involvedObject"]["name"], "p");
        assert_eq!(
            event["message"],
            "spec.ingress[0].from[0].ipBlock.cidr: \"192.0.2.0/40\" is not a network such as 192.0.2.0/24; it has no effect"
        );
        // The rest of the policy counts.
        assert!(table().contains("198.51.100.0"));
        assert!(agent.has("kinglet_netpol_policies 1"), "{}", agent.metrics());
        assert!(agent.has("kinglet_netpol_profiles 1"), "{}", agent.metrics());
        agent.stop();
    });
}

#[test]
fn a_name_that_no_pod_has_is_told_on_the_policy() {
    in_namespace(|| {
        let api = api();
        api.put::<Node>(node("here", "True"));
        api.put::<NetworkPolicy>(json!({
            "metadata": {"namespace": "shop", "name": "p", "uid": "2"},
            "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}, {"port": "htpp"}]}]},
        }));
        let agent = Running::start(api);
        eventually("an Event", || !agent.api.written().is_empty());
        let events = agent.api.written();
        let [event] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(
            (&event["reason"], &event["involvedObject"]["name"]),
            (&json!("InvalidPolicy"), &json!("p"))
        );
        assert_eq!(
            event["message"],
            "spec.ingress[0].ports[1].port: \"htpp\" is not the name of a port of any pod that the policy selects; it matches nothing"
        );
        // The rest of the rule counts.
        assert!(table().contains("tcp dport 80 accept"), "{}", table());
        agent.stop();
    });
}

#[test]
fn one_node_tells_what_all_see() {
    in_namespace(|| {
        let api = api();
        api.put::<Node>(node("first", "True"));
        api.put::<Node>(node("here", "True"));
        api.put::<NetworkPolicy>(policy());
        let agent = Running::start(api);
        let watched = || {
            agent.api.send::<Pod>(
                "DELETED",
                json!({"metadata": {"namespace": "shop", "name": "web"}}),
            )
        };
        eventually("pods are watched", watched);
        eventually("the pod is gone", || !table().contains("10.42.0.7"));
        assert_eq!(agent.api.written(), Vec::<Value>::new());
        agent.stop();
    });
}
