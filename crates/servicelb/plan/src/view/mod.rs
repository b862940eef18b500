//! The objects that decide who serves what.

mod affected;
mod claims;
pub(crate) mod pods;
mod sites;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

#[cfg(test)]
use kinglet_model::Object as _;
use kinglet_model::{EndpointSlice, Node, ObjectName, Pod, Service, ServiceType, TrafficPolicy};

pub use self::affected::Affected;
pub(crate) use self::affected::Scope;
pub(crate) use self::claims::Rank;
use self::claims::{Claims, claimed};
use self::pods::Pods;
pub(crate) use self::pods::PodsOf;
pub(crate) use self::sites::addresses;
use self::sites::{Difference, Sites};
use crate::host_ports::HostPorts;
use crate::kernel::KernelReport;
use crate::marks::has_traces;
use crate::names::{LABEL_SERVICE_NAME, LABEL_SERVICE_NAMESPACE};
use crate::port::Port;
use crate::settings::Mode;

/// The objects of a cluster that decide who serves what. Each method that takes a change in answers what it
/// can make a difference to.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) mode: Mode,
    namespace: Arc<str>,
    services: BTreeMap<ObjectName, Arc<Service>>,
    claims: Claims,
    sites: Sites,
    pods: Pods,
    /// Nodes with ready endpoints, by Service and slice.
    endpoints: BTreeMap<ObjectName, BTreeMap<Arc<str>, BTreeSet<Arc<str>>>>,
    slices: BTreeMap<ObjectName, ObjectName>,
}

impl View {
    /// A view of an empty cluster; DaemonSets and their Pods are in `namespace`.
    pub fn new(mode: Mode, namespace: &str) -> Self {
        Self {
            mode,
            namespace: namespace.into(),
            services: BTreeMap::new(),
            claims: Claims::default(),
            sites: Sites::default(),
            pods: Pods::default(),
            endpoints: BTreeMap::new(),
            slices: BTreeMap::new(),
        }
    }

    /// All Services.
    pub fn services(&self) -> &BTreeMap<ObjectName, Arc<Service>> {
        &self.services
    }

    /// All Nodes, by name.
    pub fn nodes(&self) -> &BTreeMap<Arc<str>, Arc<Node>> {
        &self.sites.nodes
    }

    /// A Service is new, has changed, or is gone.
    pub fn service(&mut self, name: &ObjectName, now: Option<Arc<Service>>) -> Affected {
        let before = match now.clone() {
            Some(service) => self.services.insert(name.clone(), service),
            None => self.services.remove(name),
        };
        if let Some(service) = &before {
            self.claims.remove(service);
        }
        if let Some(service) = &now {
            self.claims.add(service);
        }
        let states = || before.iter().chain(&now);
        // Of both states: whoever waited for a port that is given back must hear of it.
        let ports: BTreeSet<Port> = states().flat_map(|service| claimed(service)).collect();
        let mut services = self.claimants(ports);
        // Also the former state: a Service that is no load balancer any more is to be released.
        if states().any(|service| is_of_interest(service)) {
            services.insert(name.clone());
        }
        services.into_iter().collect()
    }

    /// The Services that claim any of these ports, those that claim a port of one of these, and so on.
    fn claimants(&self, ports: BTreeSet<Port>) -> BTreeSet<ObjectName> {
        let mut services = BTreeSet::new();
        let mut seen = ports.clone();
        let mut rest: Vec<Port> = ports.into_iter().collect();
        while let Some(port) = rest.pop() {
            for rank in self.claims.of(port) {
                if !services.insert(rank.name.clone()) {
                    continue;
                }
                let more = self.services.get(&rank.name).into_iter();
                rest.extend(
                    more.flat_map(|service| claimed(service))
                        .filter(|port| seen.insert(*port)),
                );
            }
        }
        services
    }

    /// Whether one Service at most claims a port.
    pub(crate) fn is_alone(&self, port: Port) -> bool {
        self.claims.of(port).nth(1).is_none()
    }

    /// The Services that claim a port in any way, those first that take precedence.
    pub(crate) fn claiming(&self, port: Port) -> impl Iterator<Item = (&Rank, &Service)> {
        let ranks = self.claims.of(port);
        ranks.filter_map(|rank| Some((rank, &**self.services.get(&rank.name)?)))
    }

    /// A Node is new, has changed, or is gone. Heartbeats make no difference.
    pub fn node(&mut self, name: &ObjectName, now: Option<Arc<Node>>) -> Affected {
        let node = &name.name;
        let (difference, reports_anew) = self.sites.change(node, now);
        let mut affected = match difference {
            Difference::Nothing => Affected::default(),
            Difference::Everywhere => return Affected::all(),
            Difference::Ports(ports) => Affected::on(node, self.claimants(ports)),
            Difference::Node => Affected::node(node),
        };
        if reports_anew {
            affected.add(Affected::kernel(node));
        }
        affected
    }

    /// What the agent of a node reports of its kernel; `None` if it does not.
    pub(crate) fn kernel(&self, node: &str) -> Option<&KernelReport> {
        self.sites.kernel(node)
    }

    /// Whether the status of a Service has an address of a node.
    pub(crate) fn is_published(&self, service: &Service, node: &str) -> bool {
        let ips = service
            .load_balancer
            .iter()
            .filter_map(|entry| entry.ip.as_deref());
        let mut addresses = ips.filter_map(|ip| ip.parse().ok());
        addresses.any(|address| self.sites.is_of(address, node))
    }

    /// What the agent of a node reports; `None` if there is no agent.
    pub(crate) fn report(&self, node: &str) -> Option<&HostPorts> {
        self.sites.report(node)
    }

    /// Whether a node has an address.
    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        self.sites.has_address(address)
    }

    /// Whether any node has the label that lists nodes.
    pub(crate) fn is_listing(&self) -> bool {
        self.sites.is_listing()
    }

    /// A Pod is new, has changed, or is gone. Most Pods matter nothing and are not kept.
    pub fn pod(&mut self, name: &ObjectName, now: Option<Arc<Pod>>) -> Affected {
        let now = now.filter(|pod| self.matters(pod));
        let before = self.pods.get(name).cloned();
        let fields = |pod: &Arc<Pod>| {
            let service = self.served_by(pod);
            (pod.node_name.clone(), pod.ready, pod.host_ports.clone(), service)
        };
        // Pods change several times while they start; nothing else of them decides who serves.
        if before.as_ref().map(fields) == now.as_ref().map(fields) {
            return Affected::default();
        }
        self.pods.remove(name);
        if let Some(pod) = now.clone() {
            let service = self.served_by(&pod);
            self.pods.insert(pod, service);
        }
        let mut affected = Affected::default();
        for pod in before.iter().chain(&now) {
            affected.add(self.affected_by(pod));
        }
        affected
    }

    fn affected_by(&self, pod: &Pod) -> Affected {
        let claimants = self.claimants(pods::ports(pod).collect());
        let mut affected = Affected::on(&pod.node_name, claimants);
        if let Some(name) = self.served_by(pod) {
            // A Service with Pods is taken over from K3s, and with it its ports.
            let service = self.services.get(&name).into_iter();
            let mut services = self.claimants(service.flat_map(|service| claimed(service)).collect());
            services.insert(name);
            affected.add(services.into_iter().collect());
        }
        affected
    }

    /// An EndpointSlice is new, has changed, or is gone.
    pub fn slice(&mut self, name: &ObjectName, now: Option<Arc<EndpointSlice>>) -> Affected {
        let service = now.as_ref().and_then(|slice| slice.service());
        let mut concerned = Vec::new();
        if let Some(before) = self.slices.remove(name) {
            let gone = self
                .endpoints
                .get_mut(&before)
                .and_then(|of| of.remove(&name.name));
            // Slices come and go with other names as long as the Service lives; empty entries would pile up.
            if self.endpoints.get(&before).is_some_and(BTreeMap::is_empty) {
                self.endpoints.remove(&before);
            }
            concerned.push((before, gone));
        }
        if let (Some(service), Some(slice)) = (service, now) {
            let nodes = ready_nodes(&slice);
            let of = self.endpoints.entry(service.clone()).or_default();
            of.insert(name.name.clone(), nodes.clone());
            self.slices.insert(name.clone(), service.clone());
            // Most changes of a slice leave its nodes as they are.
            let same = (service, Some(nodes));
            match concerned.iter().position(|before| *before == same) {
                Some(_) => concerned.clear(),
                None => concerned.push(same),
            }
        }
        let services = concerned.into_iter().map(|(service, _)| service);
        services.filter(|service| self.is_local(service)).collect()
    }

    fn is_local(&self, service: &ObjectName) -> bool {
        let service = self.services.get(service);
        service.is_some_and(|service| {
            is_of_interest(service) && service.external_traffic_policy == TrafficPolicy::Local
        })
    }

    fn matters(&self, pod: &Pod) -> bool {
        // A finished Pod has given its host ports back, though its object stays.
        let finished = matches!(&*pod.phase, "Succeeded" | "Failed");
        !finished && (!pod.host_ports.is_empty() || self.served_by(pod).is_some())
    }

    /// Whether DaemonSets and their Pods are there.
    pub fn is_own_namespace(&self, namespace: &str) -> bool {
        *self.namespace == *namespace
    }

    /// The Service whose load balancer a Pod of a DaemonSet is.
    fn served_by(&self, pod: &Pod) -> Option<ObjectName> {
        // Elsewhere anybody can write these labels.
        if !self.is_own_namespace(&pod.metadata.namespace) {
            return None;
        }
        let namespace = pod.metadata.label(LABEL_SERVICE_NAMESPACE)?;
        let name = pod.metadata.label(LABEL_SERVICE_NAME)?;
        Some(ObjectName::new(namespace, name))
    }

    /// The Pods of a node that have ports of it.
    pub(crate) fn pods_on(&self, node: &str) -> PodsOf<'_> {
        self.pods.on(node)
    }

    /// The Pods of the DaemonSet of a Service.
    pub(crate) fn pods_of(&self, service: &ObjectName) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.of(service)
    }

    /// Whether a Pod of the DaemonSet of a Service is ready on a node.
    pub(crate) fn has_ready_pod(&self, service: &ObjectName, node: &str) -> bool {
        self.pods_of(service)
            .any(|pod| pod.ready && *pod.node_name == *node)
    }

    /// Whether a node has a ready endpoint of a Service.
    pub(crate) fn has_endpoint(&self, service: &ObjectName, node: &str) -> bool {
        let slices = self.endpoints.get(service);
        slices.is_some_and(|slices| slices.values().any(|nodes| nodes.contains(node)))
    }
}

/// Whether it has, had or should have a load balancer of ours.
pub(crate) fn is_of_interest(service: &Service) -> bool {
    service.service_type == ServiceType::LoadBalancer || has_traces(service)
}

fn ready_nodes(slice: &EndpointSlice) -> BTreeSet<Arc<str>> {
    let endpoints = slice.endpoints.iter();
    // As load balancers' health checks have it (KEP-1669): a node whose last endpoint is about to end gets no
    // new clients, though the data plane still serves it.
    let ready =
        endpoints.filter(|endpoint| endpoint.conditions.ready() && !endpoint.conditions.terminating());
    ready.filter_map(|endpoint| endpoint.node_name.clone()).collect()
}

/// Takes whole objects in.
#[cfg(test)]
impl View {
    /// A Service is there.
    pub(crate) fn with_service(mut self, service: Service) -> Self {
        self.service(&service.object_name(), Some(Arc::new(service)));
        self
    }

    /// A Node is there.
    pub(crate) fn with_node(mut self, node: Node) -> Self {
        self.node(&node.object_name(), Some(Arc::new(node)));
        self
    }

    /// A Pod is there.
    pub(crate) fn with_pod(mut self, pod: Pod) -> Self {
        self.pod(&pod.object_name(), Some(Arc::new(pod)));
        self
    }

    /// An EndpointSlice is there.
    pub(crate) fn with_slice(mut self, slice: EndpointSlice) -> Self {
        self.slice(&slice.object_name(), Some(Arc::new(slice)));
        self
    }
}
