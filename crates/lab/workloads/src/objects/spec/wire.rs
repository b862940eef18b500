//! The nested shapes in which the API sends a Pod's `spec`.

use std::collections::BTreeMap;
use std::sync::Arc;

use kinglet_model::{Requirement, Selector};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::super::quantity::{Resources, resources};
use super::{HostPort, PodSpec, PodTerm, Spread, Toleration, Weighted, nullable};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    node_name: Arc<str>,
    scheduler_name: Box<str>,
    #[serde(deserialize_with = "nullable")]
    scheduling_gates: Vec<IgnoredAny>,
    host_network: bool,
    priority: i32,
    preemption_policy: Box<str>,
    #[serde(deserialize_with = "nullable")]
    node_selector: BTreeMap<Box<str>, Box<str>>,
    #[serde(deserialize_with = "nullable")]
    affinity: Affinity,
    #[serde(deserialize_with = "nullable")]
    topology_spread_constraints: Vec<Spread>,
    #[serde(deserialize_with = "nullable")]
    tolerations: Vec<Toleration>,
    #[serde(deserialize_with = "nullable")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    init_containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    overhead: BTreeMap<Box<str>, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Affinity {
    #[serde(deserialize_with = "nullable")]
    node_affinity: NodeAffinity,
    #[serde(deserialize_with = "nullable")]
    pod_affinity: PodAffinity,
    #[serde(deserialize_with = "nullable")]
    pod_anti_affinity: PodAffinity,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeAffinity {
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    required: Option<NodeSelector>,
    #[serde(
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        deserialize_with = "nullable"
    )]
    preferred: Vec<PreferredNode>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NodeSelector {
    #[serde(deserialize_with = "nullable")]
    node_selector_terms: Vec<super::NodeTerm>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PreferredNode {
    weight: i64,
    preference: super::NodeTerm,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodAffinity {
    #[serde(
        rename = "requiredDuringSchedulingIgnoredDuringExecution",
        deserialize_with = "nullable"
    )]
    required: Vec<PodTerm>,
    #[serde(
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        deserialize_with = "nullable"
    )]
    preferred: Vec<PreferredPods>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PreferredPods {
    weight: i64,
    pod_affinity_term: PodTerm,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    #[serde(deserialize_with = "nullable")]
    ports: Vec<Port>,
    restart_policy: Box<str>,
    #[serde(deserialize_with = "nullable")]
    resources: Requirements,
}

impl Container {
    /// An init container that goes on running beside the others.
    fn is_sidecar(&self) -> bool {
        &*self.restart_policy == "Always"
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Requirements {
    #[serde(deserialize_with = "nullable")]
    requests: BTreeMap<Box<str>, Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Port {
    host_port: u16,
    #[serde(rename = "hostIP")]
    host_ip: Box<str>,
    protocol: Box<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeTerm {
    #[serde(default, deserialize_with = "nullable")]
    match_expressions: Vec<Expression>,
    #[serde(default, deserialize_with = "nullable")]
    match_fields: Vec<Expression>,
}

#[derive(Deserialize)]
struct Expression {
    key: Box<str>,
    operator: Box<str>,
    #[serde(default, deserialize_with = "nullable")]
    values: Vec<Box<str>>,
}

impl Expression {
    fn requirement(self) -> Option<Requirement> {
        let number = |values: &[Box<str>]| values.first().and_then(|value| value.parse().ok());
        Some(match &*self.operator {
            "In" => Requirement::In(self.key, self.values),
            "NotIn" => Requirement::NotIn(self.key, self.values),
            "Exists" => Requirement::Exists(self.key),
            "DoesNotExist" => Requirement::DoesNotExist(self.key),
            "Gt" => Requirement::GreaterThan(self.key, number(&self.values)?),
            "Lt" => Requirement::LessThan(self.key, number(&self.values)?),
            _ => return None,
        })
    }
}

fn all(expressions: Vec<Expression>) -> Option<Selector> {
    let requirements = expressions.into_iter().map(Expression::requirement);
    Some(Selector {
        requirements: requirements.collect::<Option<_>>()?,
    })
}

impl From<NodeTerm> for super::NodeTerm {
    fn from(wire: NodeTerm) -> Self {
        Self {
            labels: all(wire.match_expressions),
            fields: all(wire.match_fields),
        }
    }
}

impl From<Spec> for PodSpec {
    fn from(wire: Spec) -> Self {
        let node_affinity = wire.affinity.node_affinity;
        let (near, far) = (wire.affinity.pod_affinity, wire.affinity.pod_anti_affinity);
        let preferred_nodes = node_affinity.preferred.into_iter();
        Self {
            requests: requests(&wire.containers, &wire.init_containers, &wire.overhead),
            host_ports: host_ports(&wire.containers, &wire.init_containers),
            node_name: wire.node_name,
            scheduler_name: wire.scheduler_name,
            gated: !wire.scheduling_gates.is_empty(),
            host_network: wire.host_network,
            priority: wire.priority,
            never_preempts: &*wire.preemption_policy == "Never",
            node_selector: wire.node_selector,
            node_terms: node_affinity.required.map(|one| one.node_selector_terms),
            preferred_nodes: preferred_nodes
                .map(|one| weighted(one.weight, one.preference))
                .collect(),
            affinity: near.required,
            preferred_affinity: preferred(near.preferred),
            anti_affinity: far.required,
            preferred_anti_affinity: preferred(far.preferred),
            spread: wire.topology_spread_constraints,
            tolerations: wire.tolerations,
        }
    }
}

fn weighted<T>(weight: i64, term: T) -> Weighted<T> {
    Weighted { weight, term }
}

fn preferred(terms: Vec<PreferredPods>) -> Vec<Weighted<PodTerm>> {
    let terms = terms.into_iter();
    terms
        .map(|one| weighted(one.weight, one.pod_affinity_term))
        .collect()
}

fn host_ports(containers: &[Container], init: &[Container]) -> Vec<HostPort> {
    // Other init containers have ended when these run, and gave their ports back.
    let running = containers
        .iter()
        .chain(init.iter().filter(|one| one.is_sidecar()));
    let taken = running
        .flat_map(|one| &one.ports)
        .filter(|port| port.host_port != 0);
    let or = |text: &str, default: &str| Box::from(if text.is_empty() { default } else { text });
    taken
        .map(|port| HostPort {
            ip: or(&port.host_ip, "0.0.0.0"),
            protocol: or(&port.protocol, "TCP"),
            port: port.host_port,
        })
        .collect()
}

/// What the Pod needs at most at one time: its containers together, or one init container with the sidecars
/// started before it.
fn requests(containers: &[Container], init: &[Container], overhead: &BTreeMap<Box<str>, Value>) -> Resources {
    let mut running = Resources::new();
    let mut sidecars = Resources::new();
    let mut starting = Resources::new();
    for one in containers {
        add(&mut running, &resources(&one.resources.requests));
    }
    for one in init {
        let own = resources(&one.resources.requests);
        if one.is_sidecar() {
            add(&mut running, &own);
            add(&mut sidecars, &own);
        } else {
            let mut peak = sidecars.clone();
            add(&mut peak, &own);
            raise(&mut starting, &peak);
        }
    }
    raise(&mut running, &starting);
    add(&mut running, &resources(overhead));
    running
}

fn add(sum: &mut Resources, more: &Resources) {
    for (name, amount) in more {
        *sum.entry(name.clone()).or_default() += amount;
    }
}

fn raise(least: &mut Resources, to: &Resources) {
    for (name, amount) in to {
        let entry = least.entry(name.clone()).or_default();
        *entry = (*entry).max(*amount);
    }
}
