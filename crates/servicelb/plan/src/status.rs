//! The status that a Service should have, and the one that it has.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{Condition, LoadBalancerIngress, PortStatus, Service, TrafficPolicy};

use crate::addresses;
use crate::allocation::Assignment;
use crate::names::{CONDITION, CONDITION_PORTS};
use crate::problem::Problem;
use crate::view::View;

/// How many nodes a message names. A condition's message has 32 KiB at most, and people read it.
const NAMED: usize = 3;

/// Our part of a Service's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// `loadBalancer.ingress`
    pub ingress: Vec<LoadBalancerIngress>,
    /// Our entry of `conditions`; none on a Service that is not ours.
    pub condition: Option<Condition>,
    /// The entry about ports that others have, on any Service; none where there are no such ports.
    pub ports: Option<Condition>,
}

impl Status {
    /// What a Service has.
    pub(crate) fn present(service: &Service) -> Self {
        let find = |kind| service.conditions.iter().find(|one| &*one.kind == kind).cloned();
        Self {
            ingress: service.load_balancer.iter().map(defaulted).collect(),
            condition: find(CONDITION),
            ports: find(CONDITION_PORTS),
        }
    }

    /// What a Service of ours should have.
    pub(crate) fn wanted(
        view: &View,
        service: &Service,
        assignment: &Assignment,
        problems: &[Problem],
    ) -> Self {
        let addresses = published(view, service, assignment);
        let (reason, mut message) = verdict(service, assignment, addresses.len());
        for problem in problems {
            message = format!("{message}; {problem}");
        }
        let status = if addresses.is_empty() { "False" } else { "True" };
        Self {
            ingress: addresses
                .into_iter()
                .map(|address| entry(service, address))
                .collect(),
            condition: Some(Condition {
                kind: CONDITION.into(),
                status: status.into(),
                reason: reason.into(),
                message: message.into(),
            }),
            ports: None,
        }
    }

    /// The addresses, as Events name them.
    pub(crate) fn addresses(&self) -> String {
        let ips = self.ingress.iter().filter_map(|entry| entry.ip.as_deref());
        format!("[{}]", ips.collect::<Vec<_>>().join(" "))
    }
}

/// An entry with the `ipMode` that API servers since 1.30 add. Without it, our own entry would look changed
/// on older ones, and be written for ever.
fn defaulted(entry: &LoadBalancerIngress) -> LoadBalancerIngress {
    let mut entry = entry.clone();
    if entry.ip.is_some() {
        entry.ip_mode.get_or_insert_with(|| "VIP".into());
    }
    entry
}

fn published(view: &View, service: &Service, assignment: &Assignment) -> Vec<IpAddr> {
    let serving = assignment.serving.iter();
    let nodes = serving
        .filter_map(|name| view.nodes().get(name))
        .map(|node| &**node);
    match assignment.address {
        Some(address) => nodes.take(1).map(|_| address).collect(),
        None => addresses::of(&service.ip_families, nodes),
    }
}

fn entry(service: &Service, address: IpAddr) -> LoadBalancerIngress {
    let ports = service.ports.iter().map(|port| PortStatus {
        protocol: port.protocol,
        port: port.port,
    });
    LoadBalancerIngress {
        ip: Some(address.to_string().into()),
        ip_mode: Some("VIP".into()),
        ports: ports.collect(),
        ..LoadBalancerIngress::default()
    }
}

/// Reason and message of the condition.
fn verdict(service: &Service, assignment: &Assignment, addresses: usize) -> (&'static str, String) {
    let taken = taken(assignment);
    if addresses > 0 {
        let nodes = plural(assignment.serving.len());
        let rest = taken.map(|taken| format!("; {taken}")).unwrap_or_default();
        return ("Serving", format!("Served by {nodes}{rest}"));
    }
    if let Some(taken) = taken.filter(|_| assignment.nodes.is_empty()) {
        return ("PortsInUse", taken);
    }
    if !assignment.serving.is_empty() {
        let families = "the nodes that serve have no address of its IP families";
        return ("NoAddresses", families.to_owned());
    }
    if !assignment.nodes.is_empty() && service.external_traffic_policy == TrafficPolicy::Local {
        let nodes = plural(assignment.nodes.len());
        let message = format!("no ready endpoint on {nodes}, and externalTrafficPolicy is Local");
        return ("NoEndpoints", message);
    }
    ("NoNodes", unfit(assignment))
}

/// Which ports are held by whom, if any are.
pub(crate) fn taken(assignment: &Assignment) -> Option<String> {
    let taken = assignment.taken.iter();
    let parts = taken
        .clone()
        .take(NAMED)
        .map(|(node, (port, holder))| format!("{port} on node {node} is held by {holder}"));
    let mut text = parts.collect::<Vec<_>>().join(", ");
    if let Some(more) = taken.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text = format!("{text}, and more on {}", plural(more));
    }
    (!text.is_empty()).then_some(text)
}

/// Why no node may serve.
fn unfit(assignment: &Assignment) -> String {
    let mut counts: BTreeMap<_, (usize, &Arc<str>)> = BTreeMap::new();
    for (node, unfit) in &assignment.unfit {
        counts.entry(unfit).or_insert((0, node)).0 += 1;
    }
    let counts = counts.into_iter().map(|(unfit, (count, node))| match count {
        1 => format!("node {node} is {unfit}"),
        _ => format!("{count} nodes are {unfit}"),
    });
    let reasons = counts.collect::<Vec<_>>().join(", ");
    match &*reasons {
        "" => "there are no nodes".to_owned(),
        _ => reasons,
    }
}

fn plural(nodes: usize) -> String {
    match nodes {
        1 => "1 node".to_owned(),
        _ => format!("{nodes} nodes"),
    }
}
