//! The objects that decide who serves what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[cfg(test)]
use kinglet_model::Object as _;
use kinglet_model::{EndpointSlice, Node, ObjectName, Pod, Service, ServiceType, TrafficPolicy};

use crate::host_ports::is_serving;
use crate::marks::has_traces;
use crate::names::{ANNOTATION_HOST_PORTS, LABEL_SERVICE_NAME, LABEL_SERVICE_NAMESPACE};
use crate::settings::Mode;

/// The objects of a cluster that decide who serves what. Each method that takes a change in answers whether
/// it can make a difference.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) mode: Mode,
    namespace: Arc<str>,
    services: BTreeMap<ObjectName, Arc<Service>>,
    nodes: BTreeMap<Arc<str>, Arc<Node>>,
    pods: BTreeMap<ObjectName, Arc<Pod>>,
    pods_on: BTreeMap<Arc<str>, BTreeSet<ObjectName>>,
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
            nodes: BTreeMap::new(),
            pods: BTreeMap::new(),
            pods_on: BTreeMap::new(),
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
        &self.nodes
    }

    /// A Service is new, has changed, or is gone.
    pub fn service(&mut self, name: &ObjectName, now: Option<Arc<Service>>) -> bool {
        let before = match now.clone() {
            Some(service) => self.services.insert(name.clone(), service),
            None => self.services.remove(name),
        };
        before
            .into_iter()
            .chain(now)
            .any(|service| is_of_interest(&service))
    }

    /// A Node is new, has changed, or is gone. Heartbeats make no difference.
    pub fn node(&mut self, name: &ObjectName, now: Option<Arc<Node>>) -> bool {
        let before = match now.clone() {
            Some(node) => self.nodes.insert(name.name.clone(), node),
            None => self.nodes.remove(&name.name),
        };
        before.as_deref().map(relevant) != now.as_deref().map(relevant)
    }

    /// A Pod is new, has changed, or is gone. Most Pods matter nothing and are not kept.
    pub fn pod(&mut self, name: &ObjectName, now: Option<Arc<Pod>>) -> bool {
        let now = now.filter(|pod| self.matters(pod));
        let before = match now.clone() {
            Some(pod) => self.pods.insert(name.clone(), pod),
            None => self.pods.remove(name),
        };
        let fields = |pod: &Arc<Pod>| (pod.node_name.clone(), pod.ready, pod.host_ports.clone());
        let changed = before.as_ref().map(fields) != now.as_ref().map(fields);
        if changed {
            if let Some(pod) = before {
                let pods = self.pods_on.get_mut(&pod.node_name);
                pods.map(|pods| pods.remove(name));
            }
            if let Some(pod) = now {
                let pods = self.pods_on.entry(pod.node_name.clone()).or_default();
                pods.insert(name.clone());
            }
        }
        changed
    }

    /// An EndpointSlice is new, has changed, or is gone.
    pub fn slice(&mut self, name: &ObjectName, now: Option<Arc<EndpointSlice>>) -> bool {
        let service = now.as_ref().and_then(|slice| slice.service());
        let mut concerned = Vec::new();
        if let Some(before) = self.slices.remove(name) {
            let gone = self
                .endpoints
                .get_mut(&before)
                .and_then(|of| of.remove(&name.name));
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
        // Slices come and go with other names as long as the Service lives; empty entries would pile up.
        self.endpoints.retain(|_, slices| !slices.is_empty());
        concerned.iter().any(|(service, _)| self.is_local(service))
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
    pub(crate) fn served_by(&self, pod: &Pod) -> Option<ObjectName> {
        if !self.is_own_namespace(&pod.metadata.namespace) {
            return None;
        }
        let namespace = pod.metadata.label(LABEL_SERVICE_NAMESPACE)?;
        let name = pod.metadata.label(LABEL_SERVICE_NAME)?;
        Some(ObjectName::new(namespace, name))
    }

    /// The Pods of a node that matter.
    pub(crate) fn pods_on(&self, node: &str) -> impl Iterator<Item = &Arc<Pod>> {
        let names = self.pods_on.get(node).into_iter().flatten();
        names.filter_map(|name| self.pods.get(name))
    }

    /// The Pods of the DaemonSet of a Service.
    pub(crate) fn pods_of<'a>(&'a self, service: &'a ObjectName) -> impl Iterator<Item = &'a Arc<Pod>> {
        let pods = self.pods.range(ObjectName::new(self.namespace.clone(), "")..);
        let pods = pods.take_while(|(name, _)| name.namespace == self.namespace);
        pods.map(|(_, pod)| pod)
            .filter(|pod| self.served_by(pod).as_ref() == Some(service))
    }

    /// Whether a Pod of the DaemonSet of a Service is ready on a node.
    pub(crate) fn has_ready_pod(&self, service: &ObjectName, node: &str) -> bool {
        self.pods_on(node)
            .any(|pod| pod.ready && self.served_by(pod).as_ref() == Some(service))
    }

    /// Whether a node has a ready endpoint of a Service.
    pub(crate) fn has_endpoint(&self, service: &ObjectName, node: &str) -> bool {
        let slices = self.endpoints.get(service);
        slices.is_some_and(|slices| slices.values().any(|nodes| nodes.contains(node)))
    }
}

/// Whether it has, had or should have a load balancer of ours.
fn is_of_interest(service: &Service) -> bool {
    service.service_type == ServiceType::LoadBalancer || has_traces(service)
}

/// What matters of a Node.
fn relevant(node: &Node) -> impl PartialEq + '_ {
    (
        &node.metadata.labels,
        node.metadata.deletion_timestamp.is_some(),
        node.metadata.annotation(ANNOTATION_HOST_PORTS),
        is_serving(node),
        &node.addresses,
        &node.taints,
        node.is_ready(),
    )
}

fn ready_nodes(slice: &EndpointSlice) -> BTreeSet<Arc<str>> {
    let endpoints = slice.endpoints.iter();
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
