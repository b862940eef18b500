//! The agent, from the API to packets.

use kinglet_dataplane_agent::{AgentError, KINDS, Kernel, Outputs, ServicesAgent, Sources};
use kinglet_kube::Reflectors;
use kinglet_model::{EndpointSlice, Node, Object, Service};
use kinglet_nft::{Batch, Connection, Family, Ownership, Table};
use kinglet_telemetry::Lag;
use kinglet_test_support::ScriptedApi;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::objects::{slice_object, web_object};
use crate::paths::settings;
use crate::world::{World, eventually, tcp};

const CLUSTER_IP: &str = "10.43.0.80:80";

/// An API, an agent that follows it, and a world that the agent serves.
struct Served {
    world: World,
    api: ScriptedApi,
    runtime: Runtime,
    stop: CancellationToken,
    agent: tokio::task::JoinHandle<Result<(), AgentError>>,
    lag: Lag,
}

impl Served {
    /// Starts an agent and waits until it has served what was there. `before` is done in the node before.
    fn new(before: impl FnOnce(&World)) -> Option<Self> {
        let mut world = World::new(settings())?;
        world.kernel.remove().unwrap();
        before(&world);
        let api = ScriptedApi::default();
        api.put::<Service>(web_object(json!({})));
        api.put::<EndpointSlice>(slice_object("web-4", &["10.42.0.11 here"]));
        api.put::<Node>(json!({"metadata": {"name": "here"}, "spec": {"podCIDRs": ["10.42.0.0/24"]}}));
        let runtime = Runtime::new().unwrap();
        let stop = CancellationToken::new();
        let kernel = world.node.run(|| Kernel::open().unwrap());
        let (synced, is_synced) = oneshot::channel();
        let sources = {
            let _guard = runtime.enter();
            Sources::of(&Reflectors::new(api.client(), stop.clone()))
        };
        let ended = stop.clone();
        let outputs = Outputs::default();
        let lag = outputs.metrics.lag().clone();
        let agent = ServicesAgent {
            kernel,
            settings: settings(),
            sources,
            outputs,
        };
        let agent = runtime.spawn(async move { agent.run(|| synced.send(()).unwrap(), ended).await });
        runtime.block_on(is_synced).unwrap();
        eventually("all kinds are watched", || api.watched() == KINDS.len());
        Some(Self {
            world,
            api,
            runtime,
            stop,
            agent,
            lag,
        })
    }

    fn answers(&self, name: &str) -> bool {
        tcp(&self.world.client, CLUSTER_IP).starts_with(name)
    }

    fn send<K: Object>(&self, change: &str, object: Value) {
        assert!(self.api.send::<K>(change, object), "somebody watches");
    }

    /// Moves the only endpoint.
    fn move_to(&self, address: &str) {
        let slice = slice_object("web-4", &[&format!("{address} here")]);
        self.send::<EndpointSlice>("MODIFIED", slice);
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
fn the_agent_follows_the_api_and_leaves_the_rules() {
    let Some(served) = Served::new(|_| ()) else { return };
    assert!(served.answers("pod-1"), "at once when told so");
    served.move_to("10.42.0.12");
    eventually("the endpoint moves", || served.answers("pod-2"));
    served.send::<Service>("DELETED", web_object(json!({})));
    eventually("the Service goes", || !served.world.list().contains("10.43.0.80"));
    served.send::<Service>("ADDED", web_object(json!({})));
    eventually("the Service comes back", || served.answers("pod-2"));

    served.stop.cancel();
    served.runtime.block_on(served.agent).unwrap().unwrap();
    assert_eq!(
        tcp(&served.world.client, CLUSTER_IP),
        "pod-2 192.0.2.2",
        "the rules stay"
    );
    let mut kernel = served.world.node.run(|| Kernel::open().unwrap());
    // A program that another test starts holds the agent's socket, and with it the table, until it runs.
    eventually("the rules are removed", || kernel.remove().is_ok());
    assert!(
        !served
            .world
            .node
            .program("nft", "list tables")
            .contains("kinglet")
    );
}

#[test]
fn the_agent_makes_a_lost_table_again() {
    // A table that everybody may change.
    let shared = |world: &World| _ = world.node.program("nft", "add table inet kinglet-services");
    let Some(served) = Served::new(shared) else { return };
    assert!(served.answers("pod-1"));
    served
        .world
        .node
        .program("nft", "delete table inet kinglet-services");
    served.move_to("10.42.0.12");
    eventually("the table is made again", || served.answers("pod-2"));
    served.stop.cancel();
    served.runtime.block_on(served.agent).unwrap().unwrap();
}

#[test]
fn a_change_that_the_kernel_does_not_take_waits() {
    // A table without an owner stays so.
    let before = |world: &World| world.node.program("nft", "add table inet kinglet-services");
    let Some(served) = Served::new(|world| drop(before(world))) else {
        return;
    };
    eventually("nothing waits", || served.lag.age().is_zero());
    // Another program replaces the table by one of its own.
    let mut other = served.world.node.run(|| Connection::open().unwrap());
    let table = Table::new(Family::Inet, "kinglet-services");
    let mut batch = Batch::new();
    batch
        .delete_table(&table)
        .add_table(&table.ownership(Ownership::Owned));
    other.commit(&batch).unwrap();
    served.move_to("10.42.0.12");
    eventually("the change waits", || !served.lag.age().is_zero());
    let age = served.lag.age();
    eventually("longer and longer", || served.lag.age() > age);
    // The table goes with its owner.
    drop(other);
    eventually("the change is served", || served.answers("pod-2"));
    eventually("nothing waits any more", || served.lag.age().is_zero());
    served.stop.cancel();
    served.runtime.block_on(served.agent).unwrap().unwrap();
}
