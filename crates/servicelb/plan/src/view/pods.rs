//! Pods that take ports of nodes, and those of DaemonSets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kinglet_model::{Object as _, ObjectName, Pod};

use crate::port::Port;

/// The Pods that matter, with the Service that each serves, if it is of a DaemonSet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pods {
    pods: BTreeMap<ObjectName, (Arc<Pod>, Option<ObjectName>)>,
    /// Pods by node and port.
    ports: HashMap<Arc<str>, BTreeMap<Port, BTreeSet<ObjectName>>>,
    /// Pods of the DaemonSet of a Service.
    balancers: HashMap<ObjectName, BTreeSet<ObjectName>>,
}

impl Pods {
    pub(crate) fn get(&self, name: &ObjectName) -> Option<&Arc<Pod>> {
        self.pods.get(name).map(|(pod, _)| pod)
    }

    pub(crate) fn insert(&mut self, pod: Arc<Pod>, service: Option<ObjectName>) {
        let name = pod.object_name();
        for port in ports(&pod) {
            let ports = self.ports.entry(pod.node_name.clone()).or_default();
            ports.entry(port).or_default().insert(name.clone());
        }
        if let Some(service) = &service {
            let pods = self.balancers.entry(service.clone()).or_default();
            pods.insert(name.clone());
        }
        self.pods.insert(name, (pod, service));
    }

    pub(crate) fn remove(&mut self, name: &ObjectName) {
        let Some((pod, service)) = self.pods.remove(name) else {
            return;
        };
        if let Some(on_node) = self.ports.get_mut(&pod.node_name) {
            for port in ports(&pod) {
                let pods = on_node.get_mut(&port);
                if pods.is_some_and(|pods| pods.remove(name) && pods.is_empty()) {
                    on_node.remove(&port);
                }
            }
            if on_node.is_empty() {
                self.ports.remove(&pod.node_name);
            }
        }
        if let Some(service) = service {
            let pods = self.balancers.get_mut(&service);
            if pods.is_some_and(|pods| pods.remove(name) && pods.is_empty()) {
                self.balancers.remove(&service);
            }
        }
    }

    /// The Pods of a node.
    pub(crate) fn on(&self, node: &str) -> PodsOf<'_> {
        PodsOf {
            pods: self,
            ports: self.ports.get(node),
        }
    }

    /// The Pods of the DaemonSet of a Service.
    pub(crate) fn of(&self, service: &ObjectName) -> impl Iterator<Item = &Arc<Pod>> {
        let names = self.balancers.get(service).into_iter().flatten();
        names.filter_map(|name| self.get(name))
    }
}

/// The Pods of a node.
pub(crate) struct PodsOf<'a> {
    pods: &'a Pods,
    ports: Option<&'a BTreeMap<Port, BTreeSet<ObjectName>>>,
}

impl<'a> PodsOf<'a> {
    /// Those that have a port, with the Services whose load balancers they are.
    pub(crate) fn with(&self, port: Port) -> impl Iterator<Item = (&'a ObjectName, Option<&'a ObjectName>)> {
        let (pods, names) = (self.pods, self.ports.and_then(|ports| ports.get(&port)));
        names.into_iter().flatten().filter_map(|name| {
            let (_, service) = pods.pods.get(name)?;
            Some((name, service.as_ref()))
        })
    }
}

/// The ports of the node that a Pod has. A host port on 127.0.0.1 does not collide with the node's other
/// addresses.
pub(crate) fn ports(pod: &Pod) -> impl Iterator<Item = Port> {
    let ports = pod.host_ports.iter();
    let outside = ports.filter(|port| port.address.is_none_or(|address| !address.is_loopback()));
    outside.map(|port| Port::new(port.protocol, port.port))
}
