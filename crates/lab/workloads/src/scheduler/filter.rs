//! Which nodes suit a Pod. The first rule that a node breaks is why it does not.

use super::super::objects::{HostPort, Node, Pod, PodSpec, Taint};
use super::super::placement::{
    NO_EXECUTE, NO_SCHEDULE, TAINT_UNSCHEDULABLE, selects, tolerates, untolerated,
};
use super::affinity::PodAffinity;
use super::reason::Reason;
use super::snapshot::{NodeInfo, Snapshot};
use super::spread::Domains;

/// Thousandths of one.
const ONE: i128 = 1000;
/// Resources of which a node that does not declare them counts as having enough.
const COMMON: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// What is computed once for a Pod and asked for every node.
pub(super) struct Filter<'a> {
    pod: &'a Pod,
    domains: Domains<'a>,
    pod_affinity: PodAffinity<'a>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(pod: &'a Pod, snapshot: &'a Snapshot) -> Self {
        Self {
            pod,
            domains: Domains::new(pod, snapshot),
            pod_affinity: PodAffinity::new(pod, snapshot),
        }
    }

    /// Why a node does not suit; nothing when it does.
    pub(super) fn reasons(&self, node_info: &NodeInfo) -> Vec<Reason> {
        let spec = &self.pod.spec;
        let node = &node_info.node;
        // kube-scheduler takes such nodes out before any of its plugins looks at one.
        if !is_named(spec, node) {
            return vec![Reason::NodeName];
        }
        let one = unschedulable(spec, node)
            .or_else(|| tainted(spec, node))
            .or_else(|| (!selects(spec, node)).then_some(Reason::NotSelected))
            .or_else(|| port_conflict(spec, node_info));
        if let Some(reason) = one {
            return vec![reason];
        }
        let insufficient = insufficient(spec, node_info);
        if !insufficient.is_empty() {
            return insufficient;
        }
        let last = self
            .domains
            .reason(node_info)
            .or_else(|| self.pod_affinity.reason(node_info));
        last.into_iter().collect()
    }
}

/// Whether every term of the node affinity names nodes, and this one is not among them.
fn is_named(spec: &PodSpec, node: &Node) -> bool {
    let terms = spec.node_terms.as_deref().unwrap_or_default();
    let name = &*node.metadata.name;
    terms.is_empty()
        || terms.iter().any(|term| {
            term.node_names()
                .is_none_or(|names| names.iter().any(|one| **one == *name))
        })
}

fn unschedulable(spec: &PodSpec, node: &Node) -> Option<Reason> {
    // Whoever tolerates the taint that goes with `unschedulable` may run there, such as Pods of DaemonSets.
    let taint = Taint {
        key: TAINT_UNSCHEDULABLE.into(),
        effect: NO_SCHEDULE.into(),
        ..Taint::default()
    };
    (node.unschedulable && !tolerates(&spec.tolerations, &taint)).then_some(Reason::Unschedulable)
}

fn tainted(spec: &PodSpec, node: &Node) -> Option<Reason> {
    untolerated(&spec.tolerations, &node.taints, &[NO_SCHEDULE, NO_EXECUTE])
        .cloned()
        .map(Reason::Tainted)
}

fn port_conflict(spec: &PodSpec, node_info: &NodeInfo) -> Option<Reason> {
    let mut taken = node_info.pods.iter().flat_map(|pod| &pod.spec.host_ports);
    let collides = |port: &HostPort| spec.host_ports.iter().any(|wanted| overlap(wanted, port));
    taken.any(collides).then_some(Reason::PortConflict)
}

fn overlap(one: &HostPort, other: &HostPort) -> bool {
    let everywhere = |port: &HostPort| &*port.ip == "0.0.0.0";
    (one.port, &one.protocol) == (other.port, &other.protocol)
        && (one.ip == other.ip || everywhere(one) || everywhere(other))
}

fn insufficient(spec: &PodSpec, node_info: &NodeInfo) -> Vec<Reason> {
    let allocatable = &node_info.node.allocatable;
    let mut reasons = Vec::new();
    let pods = i128::try_from(node_info.pods.len() + 1).unwrap_or(i128::MAX / ONE);
    if allocatable.get("pods").is_some_and(|most| pods * ONE > *most) {
        let unresolvable = allocatable.get("pods").is_some_and(|most| *most < ONE);
        reasons.push(Reason::TooManyPods { unresolvable });
    }
    for (resource, wanted) in spec.requests.iter().filter(|(_, wanted)| **wanted > 0) {
        let most = match allocatable.get(resource) {
            Some(most) => *most,
            None if COMMON.contains(&&**resource) => continue,
            None => 0,
        };
        let taken = node_info.requested.get(resource).copied().unwrap_or_default();
        if wanted + taken > most {
            reasons.push(Reason::Insufficient {
                resource: resource.clone(),
                unresolvable: *wanted > most,
            });
        }
    }
    reasons
}
