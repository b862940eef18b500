//! The part of one node in serving Services.
//!
//! A port of a node has one holder: Pods with host ports and listening processes come first, then Services by
//! age and `uid`. A Service gets a node only if it gets all its ports there.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use kinglet_model::{Node, ObjectName, Service, ServiceType};

use crate::fitness::{Unfit, unfit, wanted_address};
use crate::host_ports::HostPorts;
use crate::ownership::is_served;
use crate::port::{Holder, Port};
use crate::settings::Mode;
use crate::view::{PodsOf, Rank, View, addresses};

/// The part of a node in serving a Service.
#[derive(Debug)]
pub(super) enum Part {
    Own,
    Taken(Port, Holder),
    Unfit(Unfit),
}

/// What is asked of one node.
pub(super) struct Parts<'a> {
    view: &'a View,
    node: &'a Node,
    /// What its agent reports.
    report: Option<&'a HostPorts>,
    pods: PodsOf<'a>,
    /// Whether Services own their ports here: those that others had to be compared with.
    own: HashMap<&'a ObjectName, bool>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(view: &'a View, node: &'a Node) -> Self {
        Self {
            view,
            node,
            report: view.report(&node.metadata.name),
            pods: view.pods_on(&node.metadata.name),
            own: HashMap::new(),
        }
    }

    /// The part in serving a Service of ours that asks for an address.
    pub(super) fn of(&mut self, name: &ObjectName, service: &Service, address: Option<IpAddr>) -> Part {
        // As a rule nobody else claims its ports.
        if Port::of(service).all(|port| self.view.is_alone(port)) {
            let holder = |port| {
                self.on_host(port)
                    .filter(|holder| *holder != Holder::Service(name.clone()))
            };
            return self.part(name, service, address, holder);
        }
        let rank = Rank::of(service);
        // In order, not by recursion: Services can form a chain of any length, each with a port of the next.
        for (other, service) in self.older(&rank, service) {
            let address = wanted_address(self.view, service);
            let part = self.part(&other.name, service, address, |port| {
                self.holder(other, &other.name, port)
            });
            self.own.insert(&other.name, matches!(part, Part::Own));
        }
        self.part(name, service, address, |port| self.holder(&rank, name, port))
    }

    /// The Services of ours that this one depends on and that are not known yet, the oldest first.
    fn older(&self, rank: &Rank, service: &Service) -> BTreeMap<&'a Rank, &'a Service> {
        let mut older = BTreeMap::new();
        let mut rest: Vec<(Rank, Vec<Port>)> = vec![(rank.clone(), Port::of(service).collect())];
        while let Some((rank, ports)) = rest.pop() {
            for port in ports {
                let before = self.view.claiming(port).take_while(|(other, _)| **other < rank);
                for (other, service) in before {
                    let known = self.own.contains_key(&other.name) || older.contains_key(other);
                    if !known && is_balancer(self.view, service, port) {
                        older.insert(other, service);
                        rest.push((other.clone(), Port::of(service).collect()));
                    }
                }
            }
        }
        older
    }

    /// `holder`: who keeps a port from the Service.
    fn part(
        &self,
        name: &ObjectName,
        service: &Service,
        address: Option<IpAddr>,
        holder: impl Fn(Port) -> Option<Holder>,
    ) -> Part {
        if let Some(unfit) = unfit(self.node, service, self.view.is_listing(), address) {
            return Part::Unfit(unfit);
        }
        // After fitness: a port on a node that may not serve anyway is no news to anybody.
        let taken = Port::of(service).find_map(|port| Some((port, holder(port)?)));
        if let Some((port, holder)) = taken {
            return Part::Taken(port, holder);
        }
        // While modes change, or while K3s is being replaced, a Pod of the DaemonSet serves as well as an
        // agent does.
        let node = &self.node.metadata.name;
        let is_served = self.report.is_some() || self.view.has_ready_pod(name, node);
        match self.view.mode {
            _ if is_served => Part::Own,
            Mode::Native => Part::Unfit(Unfit::NoAgent),
            Mode::DaemonSet => Part::Unfit(Unfit::NoPod),
        }
    }

    /// Who keeps a port from a Service.
    fn holder(&self, rank: &Rank, name: &ObjectName, port: Port) -> Option<Holder> {
        if let Some(holder) = self.on_host(port) {
            // A Pod of the Service's own DaemonSet holds the ports for it.
            return (holder != Holder::Service(name.clone())).then_some(holder);
        }
        // A Service may claim a port twice: as its own, and as a node port.
        let others = self.view.claiming(port).filter(|(other, _)| other.name != *name);
        others.into_iter().find_map(|(other, service)| {
            if other < rank && self.own.get(&other.name) == Some(&true) && has(service, port) {
                return Some(Holder::Service(other.name.clone()));
            }
            if !other.precedes(rank) {
                return None;
            }
            if Port::of_nodes(service).any(|one| one == port) {
                return Some(Holder::NodePort(other.name.clone()));
            }
            let external = has(service, port)
                && addresses(self.node).any(|address| service.external_ips.contains(&address));
            external.then(|| Holder::ExternalIp(other.name.clone()))
        })
    }

    /// Who holds a port before Services get any. Pods of the DaemonSets count for their Services where
    /// DaemonSets are how load balancers are served; otherwise they are about to go.
    fn on_host(&self, port: Port) -> Option<Holder> {
        let pods = self.pods.with(port).filter_map(|(pod, service)| match service {
            Some(_) if self.view.mode == Mode::Native => None,
            Some(service) => Some(Holder::Service(service.clone())),
            None => Some(Holder::Pod(pod.clone())),
        });
        // The last by name, so that the message does not depend on what came first.
        pods.last().or_else(|| {
            let report = self.report?;
            report.contains(port).then_some(Holder::Process)
        })
    }
}

/// Whether a Service of ours claims a port as its load balancer's.
fn is_balancer(view: &View, service: &Service, port: Port) -> bool {
    service.service_type == ServiceType::LoadBalancer && has(service, port) && is_served(view, service)
}

fn has(service: &Service, port: Port) -> bool {
    Port::of(service).any(|one| one == port)
}
