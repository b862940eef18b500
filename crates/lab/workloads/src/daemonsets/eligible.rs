//! Which nodes suit the Pods of a DaemonSet, and what pins a Pod to its node.

use kinglet_model::Object;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::objects::{DaemonSet, Node, PodSpec, Toleration};
use super::super::placement::{
    NO_EXECUTE, NO_SCHEDULE, TAINT_DISK_PRESSURE, TAINT_MEMORY_PRESSURE, TAINT_NETWORK_UNAVAILABLE,
    TAINT_NOT_READY, TAINT_PID_PRESSURE, TAINT_UNREACHABLE, TAINT_UNSCHEDULABLE, selects, untolerated,
};

/// Taints that the Pods of every DaemonSet tolerate: they belong to the node and share its troubles.
const TOLERATED: &[(&str, &str)] = &[
    (TAINT_NOT_READY, NO_EXECUTE),
    (TAINT_UNREACHABLE, NO_EXECUTE),
    (TAINT_DISK_PRESSURE, NO_SCHEDULE),
    (TAINT_MEMORY_PRESSURE, NO_SCHEDULE),
    (TAINT_PID_PRESSURE, NO_SCHEDULE),
    (TAINT_UNSCHEDULABLE, NO_SCHEDULE),
];
/// And those on the node's own network this one.
const TOLERATED_ON_HOST_NETWORK: (&str, &str) = (TAINT_NETWORK_UNAVAILABLE, NO_SCHEDULE);

/// The tolerations that a Pod gets besides its own.
fn tolerated(spec: &PodSpec) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let host = spec.host_network.then_some(&TOLERATED_ON_HOST_NETWORK);
    TOLERATED.iter().chain(host)
}

/// What the Pods of a DaemonSet ask of their node.
pub(super) struct NodePredicate(PodSpec);

impl NodePredicate {
    pub(super) fn of(set: &DaemonSet) -> Self {
        // The API server has checked the template.
        let mut spec = PodSpec::deserialize(&set.template["spec"]).unwrap_or_default();
        let more: Vec<Toleration> = tolerated(&spec)
            .map(|(key, effect)| Toleration {
                key: (*key).into(),
                operator: "Exists".into(),
                effect: (*effect).into(),
                ..Toleration::default()
            })
            .collect();
        spec.tolerations.extend(more);
        Self(spec)
    }

    /// Whether a node should get a Pod, and whether it may keep one that it has.
    pub(super) fn of_node(&self, node: &Node) -> (bool, bool) {
        let Self(spec) = self;
        let named = spec.node_name.is_empty() || spec.node_name == node.metadata.name;
        if !named || !selects(spec, node) {
            return (false, false);
        }
        let repels = |effects| untolerated(&spec.tolerations, &node.taints, effects).is_some();
        (!repels(&[NO_SCHEDULE, NO_EXECUTE]), !repels(&[NO_EXECUTE]))
    }
}

/// A Pod's `spec` with what pins it to a node.
pub(super) fn pinned(template: &Value, node: &str) -> Value {
    let mut spec = template["spec"].clone();
    let parsed = PodSpec::deserialize(&spec).unwrap_or_default();
    let mut tolerations = spec["tolerations"].as_array().cloned().unwrap_or_default();
    tolerations.extend(
        tolerated(&parsed).map(|(key, effect)| json!({"key": key, "operator": "Exists", "effect": effect})),
    );
    spec["tolerations"] = tolerations.into();
    let name = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    // Terms are alternatives, so that the name alone takes their place: the node was chosen by them.
    spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
        json!({"nodeSelectorTerms": [{"matchFields": [name]}]});
    spec
}

/// The name of the node that a Pod is on or pinned to.
pub(super) fn node_of(pod: &super::super::objects::Pod) -> Option<&str> {
    if pod.is_bound() {
        return Some(&pod.spec.node_name);
    }
    let terms = pod.spec.node_terms.as_deref().unwrap_or_default();
    let names = terms.first()?.node_names()?;
    names.first().map(|name| &**name)
}

/// The reference by which Pods name their DaemonSet.
pub(super) fn reference(set: &DaemonSet) -> Value {
    super::super::objects::Owner::reference::<DaemonSet>(set.meta())
}
