//! Which nodes serve which Services. Controller and agents each compute this for themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{Node, Object as _, ObjectName, Service, TrafficPolicy};

use crate::fitness::{Unfit, lists_nodes, unfit, wanted_address};
use crate::host_ports::HostPorts;
use crate::ownership::Ownership;
use crate::port::{Holder, Port};
use crate::settings::Mode;
use crate::view::View;

/// Who serves what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allocation {
    /// All Services that are ours.
    pub(crate) services: BTreeMap<ObjectName, Assignment>,
}

/// The nodes of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Nodes on which all ports of the Service are its own.
    pub(crate) nodes: BTreeSet<Arc<str>>,
    /// Those of them that serve it now: with `externalTrafficPolicy: Local` the ones with ready endpoints.
    /// Their addresses are published.
    pub(crate) serving: BTreeSet<Arc<str>>,
    /// Nodes that could serve it if a port were not taken: the first such port, and who holds it.
    pub(crate) taken: BTreeMap<Arc<str>, (Port, Holder)>,
    /// Nodes that may not serve it.
    pub(crate) unfit: BTreeMap<Arc<str>, Unfit>,
    /// The address that the Service asks for and that a node has; only this one is published.
    pub(crate) address: Option<IpAddr>,
}

/// The part of a node in serving a Service.
enum Part {
    Own,
    Taken(Port, Holder),
    Unfit(Unfit),
}

/// Distributes the ports of all nodes. A port of a node has one holder: Pods with host ports and listening
/// processes come first, then Services by age and `uid`. A Service gets a node only if it gets all its ports
/// there.
pub(crate) fn allocate(view: &View) -> Allocation {
    let rules = Rules::of(view);
    let mut services: BTreeMap<ObjectName, Assignment> = rules.assignments();
    for node in view.nodes().values() {
        for (service, part) in rules.on(node) {
            if let Some(assignment) = services.get_mut(&service.object_name()) {
                assignment.add(view, service, node, part);
            }
        }
    }
    Allocation { services }
}

/// The Services that the agent of a node has to serve there, with their ports. It depends on all Services and
/// Nodes, but only on the Pods of that node, and on no EndpointSlices: agents need to watch no more. In mode
/// [`Mode::DaemonSet`] these are the Services whose Pod is not ready yet on a node that served them natively
/// before.
pub fn share(view: &View, node: &str) -> BTreeMap<ObjectName, BTreeSet<Port>> {
    let Some(node) = view
        .nodes()
        .get(node)
        .filter(|node| HostPorts::of(node).is_some())
    else {
        return BTreeMap::new();
    };
    let own = Rules::of(view).on(node).into_iter();
    // Until a Pod is ready, the rules of the native mode serve: the mode changes without a gap.
    own.filter(|(_, part)| matches!(part, Part::Own))
        .map(|(service, _)| (service.object_name(), Port::of(service).collect()))
        .filter(|(name, _)| view.mode == Mode::Native || !view.has_ready_pod(name, &node.metadata.name))
        .collect()
}

impl Assignment {
    fn add(&mut self, view: &View, service: &Service, node: &Node, part: Part) {
        let name = node.metadata.name.clone();
        match part {
            Part::Own => {
                if is_serving(view, service, &name) {
                    self.serving.insert(name.clone());
                }
                self.nodes.insert(name);
            }
            Part::Taken(port, holder) => {
                self.taken.insert(name, (port, holder));
            }
            Part::Unfit(unfit) => {
                self.unfit.insert(name, unfit);
            }
        }
    }
}

fn is_serving(view: &View, service: &Service, node: &str) -> bool {
    service.external_traffic_policy != TrafficPolicy::Local || view.has_endpoint(&service.object_name(), node)
}

/// What holds for all nodes.
struct Rules<'a> {
    view: &'a View,
    /// Services with the addresses that they ask for, those first that take precedence.
    services: Vec<(&'a Service, Option<IpAddr>)>,
    listed: bool,
}

impl<'a> Rules<'a> {
    fn of(view: &'a View) -> Self {
        let ownership = Ownership::of(view);
        let services = view.services().values().map(|service| &**service);
        let ours = services.filter(|service| ownership.is_served(view, service));
        let mut services: Vec<_> = ours
            .map(|service| (service, wanted_address(view, service)))
            .collect();
        let age = |service: &Service| (service.metadata.creation_timestamp, service.metadata.uid.clone());
        // The oldest first: a new Service must not take ports from one that is served. Timestamps have whole
        // seconds, so that the uid decides between Services of one manifest.
        services.sort_by_cached_key(|(service, _)| (age(service), service.object_name()));
        Self {
            view,
            services,
            listed: lists_nodes(view),
        }
    }

    fn assignments(&self) -> BTreeMap<ObjectName, Assignment> {
        let assignment = |address| Assignment {
            address,
            ..Assignment::default()
        };
        let services = self.services.iter();
        services
            .map(|(service, address)| (service.object_name(), assignment(*address)))
            .collect()
    }

    /// The part of a node in serving every Service. Services take their ports one after the other.
    fn on(&self, node: &Node) -> Vec<(&'a Service, Part)> {
        let mut holders = holders(self.view, node);
        let mut parts = Vec::new();
        for (service, address) in &self.services {
            let part = self.part(node, service, *address, &holders);
            if matches!(part, Part::Own) {
                let holder = Holder::Service(service.object_name());
                holders.extend(Port::of(service).map(|port| (port, holder.clone())));
            }
            parts.push((*service, part));
        }
        parts
    }

    fn part(
        &self,
        node: &Node,
        service: &Service,
        address: Option<IpAddr>,
        holders: &BTreeMap<Port, Holder>,
    ) -> Part {
        if let Some(unfit) = unfit(node, service, self.listed, address) {
            return Part::Unfit(unfit);
        }
        let name = service.object_name();
        // A Pod of the Service's own DaemonSet holds the ports for it.
        let own = Holder::Service(name.clone());
        let taken = Port::of(service).find_map(|port| {
            let holder = holders.get(&port).filter(|holder| **holder != own)?;
            Some((port, holder.clone()))
        });
        if let Some((port, holder)) = taken {
            return Part::Taken(port, holder);
        }
        // While modes change, or while K3s is being replaced, a Pod of the DaemonSet serves as well as an
        // agent does.
        let is_served = HostPorts::of(node).is_some() || self.view.has_ready_pod(&name, &node.metadata.name);
        match self.view.mode {
            _ if is_served => Part::Own,
            Mode::Native => Part::Unfit(Unfit::NoAgent),
            Mode::DaemonSet => Part::Unfit(Unfit::NoPod),
        }
    }
}

/// Who holds ports of a node before Services get any. Pods of the DaemonSets count for their Services where
/// DaemonSets are how load balancers are served; otherwise they are about to go.
fn holders(view: &View, node: &Node) -> BTreeMap<Port, Holder> {
    let processes = HostPorts::of(node).unwrap_or_default();
    let mut holders: BTreeMap<_, _> = processes.iter().map(|port| (port, Holder::Process)).collect();
    for pod in view.pods_on(&node.metadata.name) {
        let holder = match view.served_by(pod) {
            Some(_) if view.mode == Mode::Native => continue,
            Some(service) => Holder::Service(service),
            None => Holder::Pod(pod.object_name()),
        };
        let ports = pod.host_ports.iter();
        // A host port on 127.0.0.1 does not collide with the node's other addresses.
        let outside = ports.filter(|port| port.address.is_none_or(|address| !address.is_loopback()));
        holders.extend(outside.map(|port| (Port::new(port.protocol, port.port), holder.clone())));
    }
    holders
}

#[cfg(test)]
mod tests;
