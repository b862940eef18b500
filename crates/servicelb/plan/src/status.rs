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

    /// Whether another status has all its addresses.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let mut ips = self.ingress.iter().map(|entry| &entry.ip);
        ips.all(|ip| other.ingress.iter().any(|other| other.ip == *ip))
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
    let nodes = assignment
        .serving()
        .filter_map(|name| view.nodes().get(name))
        .map(|node| &**node);
    match assignment.address {
        // The field asks for one address, whatever else the node has.
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
    let (taken, refused) = (taken(assignment), refused(assignment));
    if addresses > 0 {
        let nodes = plural(assignment.serving().count());
        let rest: Vec<String> = taken.into_iter().chain(refused).collect();
        let rest = rest.iter().map(|rest| format!("; {rest}")).collect::<String>();
        return ("Serving", format!("Served by {nodes}{rest}"));
    }
    if assignment.serving().next().is_some() {
        let families = "the nodes that serve have no address of its IP families";
        return ("NoAddresses", families.to_owned());
    }
    if let Some(refused) = refused {
        return ("RulesRefused", refused);
    }
    let (waiting, nodes) = (assignment.pending().count(), assignment.nodes().count());
    if waiting > 0 {
        let message = format!(
            "waiting for the agents of {} to confirm its rules",
            plural(waiting)
        );
        return ("Pending", message);
    }
    match taken {
        Some(taken) if nodes == 0 => ("PortsInUse", taken),
        _ if nodes > 0 && service.external_traffic_policy == TrafficPolicy::Local => {
            let nodes = plural(nodes);
            let message = format!("no ready endpoint on {nodes}, and externalTrafficPolicy is Local");
            ("NoEndpoints", message)
        }
        _ => ("NoNodes", unfit(assignment)),
    }
}

/// Which ports are held by whom, if any are.
pub(crate) fn taken(assignment: &Assignment) -> Option<String> {
    let taken = assignment.taken();
    let parts = taken
        .clone()
        .take(NAMED)
        .map(|(node, (port, holder))| format!("{port} on node {node} is held by {holder}"));
    list(parts.collect(), taken.count())
}

/// Which nodes do not serve because their kernels refused, if any do.
pub(crate) fn refused(assignment: &Assignment) -> Option<String> {
    let refused = assignment.refused();
    let names: Vec<String> = refused
        .clone()
        .take(NAMED)
        .map(|name| format!("node {name}"))
        .collect();
    let nodes = list(names, refused.count())?;
    Some(format!(
        "{nodes} cannot serve it: the kernel does not have its rules; the log of the agent says why"
    ))
}

/// The first of so many.
fn list(first: Vec<String>, count: usize) -> Option<String> {
    let mut text = first.join(", ");
    if let Some(more) = count.checked_sub(NAMED).filter(|more| *more > 0) {
        text = format!("{text}, and more on {}", plural(more));
    }
    (!text.is_empty()).then_some(text)
}

/// Why no node may serve.
fn unfit(assignment: &Assignment) -> String {
    let mut counts: BTreeMap<_, (usize, &Arc<str>)> = BTreeMap::new();
    for (node, unfit) in assignment.unfit() {
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
