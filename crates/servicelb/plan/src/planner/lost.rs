//! Node ports and external addresses of a Service that belong to load balancers of older ones.

use std::collections::BTreeSet;

use kinglet_model::{Condition, Service};

use super::cluster::Cluster;
use crate::allocation::Assignment;
use crate::names::CONDITION_PORTS;
use crate::port::Port;
use crate::view::{Rank, addresses};

impl Cluster<'_> {
    /// The condition that names them; none on a Service that has all that it claims.
    pub(super) fn lost(&self, service: &Service) -> Option<Condition> {
        let node_ports = Port::of_nodes(service).filter_map(|port| {
            let holder = self.older_balancer(service, port, |_| true)?;
            Some(format!(
                "nodePort {port} is held by the load balancer of {holder}"
            ))
        });
        let own = Port::of(service).filter(|_| !service.external_ips.is_empty());
        let external = own.filter_map(|port| {
            let holder = self.older_balancer(service, port, |nodes| self.has_external(service, nodes))?;
            Some(format!(
                "{port} of externalIPs is held by the load balancer of {holder}"
            ))
        });
        // Sorted: a message that changes its order would be a write, and an Event.
        let lost: BTreeSet<String> = node_ports.chain(external).collect();
        let message = lost.into_iter().collect::<Vec<_>>().join(", ");
        (!message.is_empty()).then(|| Condition {
            kind: CONDITION_PORTS.into(),
            status: "False".into(),
            reason: "PortInUse".into(),
            message: message.into(),
        })
    }

    /// The older Service whose load balancer has a port on nodes of which `meet` says that both meet there.
    fn older_balancer(
        &self,
        service: &Service,
        port: Port,
        meet: impl Fn(&Assignment) -> bool,
    ) -> Option<String> {
        let rank = Rank::of(service);
        let others = self
            .view
            .claiming(port)
            .filter(|(other, _)| other.precedes(&rank));
        let mut balancers = others.filter(|(other, claimant)| {
            let assignment = self.assignment(&other.name);
            let has_port = Port::of(claimant).any(|one| one == port);
            has_port && assignment.is_some_and(|nodes| nodes.nodes().next().is_some() && meet(nodes))
        });
        balancers
            .next()
            .map(|(other, _)| format!("Service {}", other.name))
    }

    /// Whether a node with an external address of the Service is among those of a load balancer.
    fn has_external(&self, service: &Service, balancer: &Assignment) -> bool {
        let mut nodes = balancer.nodes().filter_map(|name| self.view.nodes().get(name));
        nodes.any(|node| addresses(node).any(|address| service.external_ips.contains(&address)))
    }
}
