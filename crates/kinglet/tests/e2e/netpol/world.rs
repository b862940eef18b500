//! A lab with pods in three namespaces, and what policies say of them.

mod nodes;
mod tiers;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_kube::{Client, Collection, Deletion, Resource};
use kinglet_lab::Place;
use kinglet_model::{ClusterNetworkPolicy, Namespace, NetworkPolicy, Node, ObjectName, Pod, Protocol};
use kinglet_policy::{Cluster, Packet, PolicySettings, Transport};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(crate) use self::nodes::NODE_PORTS;
pub(crate) use self::tiers::{cluster_policy, is_experimental};
use super::prober::{self, Question};
use crate::hello::eventually;
use crate::lab::Lab;

/// What is asked about every pair of pods.
const PORTS: [(Protocol, u16); 3] = [(Protocol::Tcp, 80), (Protocol::Tcp, 81), (Protocol::Udp, 80)];
const MANAGER: &str = "e2e";
/// Where policies only show that all earlier changes have arrived.
const CANARY: &str = "canary";
/// The policies that show it, and the label that changes with them.
const TURN: &str = "turn";
/// The pod that asks.
const ASKER: &str = "asker";

/// A lab, its pods and a client of its API.
pub(crate) struct World {
    pub(crate) lab: Lab,
    runtime: Runtime,
    client: Client,
    pub(crate) pods: Vec<ObjectName>,
    pub(crate) places: Vec<Place>,
    /// One on each node.
    canaries: Vec<Place>,
    /// A pod that no policy keeps from asking them.
    asker: Vec<Place>,
    /// How often it was waited for all changes.
    turn: usize,
    /// Whether the CRD of ClusterNetworkPolicies is installed.
    tiers: bool,
}

impl World {
    /// The pods of `policy/tests/scenarios/cluster.yaml` on a lab of one to three nodes.
    pub(crate) fn new(nodes: u16, flags: &[&str]) -> Self {
        Self::with_variables(nodes, flags, &[])
    }

    /// The same; all its processes see these variables.
    pub(crate) fn with_variables(nodes: u16, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let count = nodes.to_string();
        let mut arguments = vec![
            "--nodes",
            &count,
            "--ip-families",
            "ipv4,ipv6",
            "--services",
            "netpol",
        ];
        arguments.extend(flags);
        let lab = Lab::up_with(&arguments, variables);
        let runtime = Runtime::new().unwrap();
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = runtime
            .block_on(kinglet_kube::connect(Some(&lab.kubeconfig())))
            .unwrap();
        let mut world = Self {
            lab,
            runtime,
            client,
            pods: Vec::new(),
            places: Vec::new(),
            canaries: Vec::new(),
            asker: Vec::new(),
            turn: 0,
            tiers: false,
        };
        world.populate(nodes);
        world
    }

    fn populate(&mut self, nodes: u16) {
        for name in ["x", "y", "z", CANARY] {
            self.apply(&namespace(name, name));
        }
        let mut all = Vec::new();
        for (number, (space, name)) in ["x", "y", "z"]
            .iter()
            .flat_map(|space| ["a", "b", "c"].map(|name| (*space, name)))
            .enumerate()
        {
            let node = number % usize::from(nodes) + 1;
            self.apply(&pod(space, name, node, web_port(name)));
            all.push(ObjectName::new(space, name));
        }
        let canaries: Vec<String> = (1..=nodes).map(|node| format!("on-{node}")).collect();
        for (index, name) in canaries.iter().enumerate() {
            self.apply(&pod(CANARY, name, index + 1, None));
        }
        self.places = all.iter().map(|pod| self.place(&pod.to_string())).collect();
        self.canaries = canaries
            .iter()
            .map(|name| self.place(&format!("{CANARY}/{name}")))
            .collect();
        self.apply(&pod(CANARY, ASKER, 1, None));
        self.asker = vec![self.place(&format!("{CANARY}/{ASKER}"))];
        self.pods = all;
        self.settle();
    }

    /// A running pod, once its status has its addresses.
    pub(crate) fn place(&self, pod: &str) -> Place {
        let name = pod
            .split_once('/')
            .map(|(space, name)| ObjectName::new(space, name))
            .unwrap();
        let mut place = None;
        eventually(|| {
            let pods: Collection = self.collection::<Pod>();
            let known: Pod = self
                .runtime
                .block_on(pods.get(&name))
                .map_err(|error| error.to_string())?;
            let found = self.lab.entry().place(pod).map_err(|error| error.to_string())?;
            let same = known.ready && known.ips == found.description.addresses;
            place = Some(found);
            if same {
                Ok(())
            } else {
                Err(format!("{pod} is not ready: {known:?}"))
            }
        });
        place.unwrap()
    }

    pub(crate) fn address(&self, pod: &str, v4: bool) -> IpAddr {
        let place = self.place(pod);
        let addresses = &place.description.addresses;
        *addresses.iter().find(|address| address.is_ipv4() == v4).unwrap()
    }

    /// Whether an address is a pod's on a node.
    pub(crate) fn runs_on(&self, address: IpAddr, node: &str) -> bool {
        let places = self.places.iter().map(|place| &place.description);
        let mut found = places.filter(|place| place.addresses.contains(&address));
        found.any(|place| place.node == node)
    }

    fn collection<K: kinglet_model::Object>(&self) -> Collection {
        Collection::new(self.client.clone(), Resource::of::<K>())
    }

    pub(crate) fn apply(&self, object: &Value) {
        self.try_apply(object)
            .unwrap_or_else(|error| panic!("{object}: {error}"));
    }

    pub(crate) fn try_apply(&self, object: &Value) -> Result<(), String> {
        let applied = kinglet_kube::apply::apply(&self.client, object, MANAGER);
        self.runtime.block_on(applied).map_err(|error| error.to_string())
    }

    /// The API server does not take an object with a field that the CRD does not have.
    pub(crate) fn refuses(&self, object: &Value, field: &str) {
        let refused = self.try_apply(object).unwrap_err();
        let reason = format!(".{field}: field not declared in schema");
        assert!(refused.contains(&reason), "{refused}");
    }

    /// Changes the label that policies select pods by.
    pub(crate) fn label(&self, namespace: &str, pod: &str, label: &str) {
        let pods = self.collection::<Pod>();
        let patch = json!({"metadata": {"labels": {"pod": label}}});
        let name = ObjectName::new(namespace, pod);
        self.runtime.block_on(pods.merge(&name, &patch)).unwrap();
    }

    pub(crate) fn delete_policy(&self, namespace: &str, name: &str) {
        let policies = self.collection::<NetworkPolicy>();
        let name = ObjectName::new(namespace, name);
        self.runtime
            .block_on(policies.delete(&name, &Deletion::default()))
            .unwrap();
    }

    /// All Events.
    pub(crate) fn events(&self) -> Vec<Value> {
        let events = Resource {
            group: "events.k8s.io".into(),
            version: "v1".into(),
            kind: "Event".into(),
            plural: "events".into(),
            namespaced: true,
            verbs: Arc::default(),
        };
        let events = Collection::new(self.client.clone(), events);
        self.runtime.block_on(events.list("")).unwrap()
    }

    /// Waits until all changes of policies, pods and namespaces so far are in the kernels. Objects of a kind
    /// arrive in order, each kind on its own way: the last change of each is needed to open a port.
    ///
    /// Only a port that opens proves something. One that is to close may seem closed before it is: on a busy
    /// machine an answer may take longer than [`prober`] waits for one that must not come.
    pub(crate) fn settle(&mut self) {
        self.change_turn();
        eventually(|| self.turned());
    }

    /// Makes the last change of each kind.
    pub(crate) fn change_turn(&mut self) {
        self.turn += 1;
        let label = json!({TURN: self.turn.to_string()});
        let [open, _] = self.ports_of_turn();
        let peer =
            json!({"podSelector": {"matchLabels": label}, "namespaceSelector": {"matchLabels": label}});
        self.apply(&policy(
            CANARY,
            TURN,
            json!({
                "podSelector": {}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [peer], "ports": [{"port": open}]}],
            }),
        ));
        let mut space = namespace(CANARY, CANARY);
        space["metadata"]["labels"][TURN] = label[TURN].clone();
        self.apply(&space);
        let patch = json!({"metadata": {"labels": label}});
        let pods = self.collection::<Pod>();
        let asker = ObjectName::new(CANARY, ASKER);
        self.runtime.block_on(pods.merge(&asker, &patch)).unwrap();
        if self.tiers {
            self.turn_tiers();
        }
    }

    /// Whether all nodes have the last change of each kind.
    pub(crate) fn turned(&self) -> Result<(), String> {
        let [open, closed] = self.ports_of_turn();
        let mut asked = vec![(Protocol::Tcp, open, true), (Protocol::Tcp, closed, false)];
        if self.tiers {
            asked.push((Protocol::Udp, open, true));
        }
        let question = |canary: &Place, (protocol, port, expected)| Question {
            from: 0,
            to: canary.description.addresses[0],
            protocol,
            port,
            expected,
        };
        let mut questions = Vec::new();
        for canary in &self.canaries {
            questions.extend(asked.iter().map(|one| question(canary, *one)));
        }
        match prober::wrong(&self.runtime, &self.asker, &questions)[..] {
            [] => Ok(()),
            ref wrong => Err(format!("not settled: {wrong:?}")),
        }
    }

    /// The port that this turn opens, and the one that it closes.
    fn ports_of_turn(&self) -> [u16; 2] {
        if self.turn.is_multiple_of(2) {
            [80, 81]
        } else {
            [81, 80]
        }
    }

    /// What the plain reading of policies says of every pair of pods, in both families, from the objects that
    /// the API has now.
    pub(crate) fn questions(&self) -> Vec<Question> {
        let cluster = self.cluster();
        let settings = PolicySettings::default();
        let mut questions = Vec::new();
        for (from, source) in self.places.iter().enumerate() {
            for destination in self
                .places
                .iter()
                .filter(|place| place.description.label != source.description.label)
            {
                for (own, to) in source
                    .description
                    .addresses
                    .iter()
                    .zip(&destination.description.addresses)
                {
                    for (protocol, port) in PORTS {
                        let packet = Packet::new(*own, *to, Transport::Port(protocol, port));
                        questions.push(Question {
                            from,
                            to: *to,
                            protocol,
                            port,
                            expected: cluster.evaluate(&packet, &settings).allowed(),
                        });
                    }
                }
            }
        }
        questions
    }

    fn cluster(&self) -> Cluster {
        let mut cluster = Cluster::default();
        self.runtime.block_on(async {
            let namespaces: Vec<Namespace> = self.collection::<Namespace>().list("").await.unwrap();
            namespaces.iter().for_each(|one| cluster.apply_namespace(one));
            let pods: Vec<Pod> = self.collection::<Pod>().list("").await.unwrap();
            pods.into_iter().for_each(|one| cluster.apply_pod(Arc::new(one)));
            let policies: Vec<NetworkPolicy> = self.collection::<NetworkPolicy>().list("").await.unwrap();
            policies.iter().for_each(|one| drop(cluster.apply_policy(one)));
            let nodes: Vec<Node> = self.collection::<Node>().list("").await.unwrap();
            nodes.iter().for_each(|one| _ = cluster.apply_node(one));
            if self.tiers {
                let served = kinglet_kube::served::<ClusterNetworkPolicy>(&self.client).await;
                let policies = Collection::new(self.client.clone(), served.unwrap().unwrap());
                let policies: Vec<ClusterNetworkPolicy> = policies.list("").await.unwrap();
                policies
                    .iter()
                    .for_each(|one| drop(cluster.apply_cluster_policy(one)));
            }
        });
        cluster
    }

    /// Asks everything, and describes what differs from what policies say.
    pub(crate) fn differences(&self) -> Vec<String> {
        let questions = self.questions();
        let names: BTreeMap<IpAddr, &str> = self
            .places
            .iter()
            .flat_map(|place| {
                place
                    .description
                    .addresses
                    .iter()
                    .map(|address| (*address, place.description.label.as_str()))
            })
            .collect();
        let describe = |one: Question| {
            let (from, to) = (&self.places[one.from].description.label, names[&one.to]);
            format!(
                "{from} -> {to} ({}) {:?} {} is not {}",
                one.to, one.protocol, one.port, one.expected
            )
        };
        prober::wrong(&self.runtime, &self.places, &questions)
            .into_iter()
            .map(describe)
            .collect()
    }

    /// How many pairs and ports are allowed, and how many are not.
    pub(crate) fn tally(&self) -> (usize, usize) {
        let questions = self.questions();
        let allowed = questions.iter().filter(|one| one.expected).count();
        (allowed, questions.len() - allowed)
    }
}

/// The port that a pod calls "web".
fn web_port(name: &str) -> Option<u16> {
    match name {
        "a" => Some(80),
        "b" => Some(81),
        _ => None,
    }
}

fn namespace(name: &str, label: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"ns": label}}})
}

/// Echo servers on 80 and 81 with TCP and 80 with UDP.
fn pod(namespace: &str, name: &str, node: usize, web: Option<u16>) -> Value {
    let mut ports = Vec::new();
    for (number, protocol) in [(80, "TCP"), (81, "TCP"), (80, "UDP"), (81, "UDP")] {
        let mut port = json!({"containerPort": number, "protocol": protocol});
        port["name"] = format!("serve-{number}-{}", protocol.to_lowercase()).into();
        if protocol == "TCP" && web == Some(number) {
            port["name"] = "web".into();
        }
        ports.push(port);
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": {"pod": name}},
        "spec": {
            "nodeName": format!("node-{node}"), "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "echo", "image": "kinglet/echo:1", "ports": ports}],
        },
    })
}

pub(crate) fn policy(namespace: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"namespace": namespace, "name": name}, "spec": spec,
    })
}
