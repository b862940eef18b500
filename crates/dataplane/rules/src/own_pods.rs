//! By which addresses packets of the node's own pods are known.
//!
//! Answers to them come back to this node, wherever their endpoint is: they need no translation of their
//! source, and no load balancer outside hears of them. Pods of other nodes are no different from clients
//! outside of the cluster: an endpoint would answer them past this node.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use kinglet_model::{IpFamily, Node, ObjectName, Pod};

use crate::lower::Objects;

/// The node's own pods.
#[derive(Debug)]
pub(crate) struct OwnPods {
    node: Arc<str>,
    /// Networks of its Node's specification, which not every CNI plugin uses.
    cidrs: Vec<IpNet>,
    /// Addresses of its pods that have a network of their own.
    pods: BTreeMap<ObjectName, Vec<IpAddr>>,
    changed: bool,
}

impl OwnPods {
    /// Nothing is known yet of the pods of this node.
    pub(crate) fn of(node: Arc<str>) -> Self {
        Self {
            node,
            cidrs: Vec::new(),
            pods: BTreeMap::new(),
            changed: false,
        }
    }

    /// Takes the own Node, or that there is none.
    pub(crate) fn set_node(&mut self, node: Option<&Node>) {
        let cidrs = node.map(|node| node.pod_cidrs.to_vec()).unwrap_or_default();
        self.changed |= self.cidrs != cidrs;
        self.cidrs = cidrs;
    }

    /// Takes a Pod, of whichever node.
    pub(crate) fn apply(&mut self, name: ObjectName, pod: &Pod) {
        // With the host's network a pod has the node's addresses; that of a finished one may be another's.
        let counts = pod.node_name == self.node && !pod.host_network && !pod.is_finished();
        if !counts || pod.ips.is_empty() {
            return self.remove(&name);
        }
        let before = self.pods.insert(name, pod.ips.clone());
        self.changed |= before.as_ref() != Some(&pod.ips);
    }

    /// Forgets a Pod.
    pub(crate) fn remove(&mut self, name: &ObjectName) {
        self.changed |= self.pods.remove(name).is_some();
    }

    /// Whether anything changed since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The elements that stand for them.
    pub(crate) fn objects(&self) -> Objects {
        let mut objects = Objects::default();
        for family in [IpFamily::V4, IpFamily::V6] {
            for network in self.networks(family) {
                objects.own_pods(family, network);
            }
        }
        objects
    }

    /// Their networks, none of which overlap. Those of the Node's specification are right from the moment
    /// when a pod starts, while its address takes a while to come from its kubelet; but they are right only
    /// if no pod is outside of them.
    fn networks(&self, family: IpFamily) -> Vec<IpNet> {
        let is_of_family = |address: &IpAddr| IpFamily::of(*address) == family;
        let cidrs = self.cidrs.iter().filter(|network| is_of_family(&network.addr()));
        let cidrs: Vec<IpNet> = cidrs.map(IpNet::trunc).collect();
        let pods = self.pods.values().flatten().copied().filter(is_of_family);
        let pods: BTreeSet<IpAddr> = pods.collect();
        let within = |address: &IpAddr| cidrs.iter().any(|network| network.contains(address));
        if pods.iter().all(within) {
            IpNet::aggregate(&cidrs)
        } else {
            pods.into_iter().map(IpNet::from).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(cidrs: &[&str]) -> Node {
        Node {
            pod_cidrs: cidrs.iter().map(|text| text.parse().unwrap()).collect(),
            ..Node::default()
        }
    }

    fn pod(node: &str, addresses: &[&str]) -> Pod {
        Pod {
            node_name: node.into(),
            ips: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            ..Pod::default()
        }
    }

    /// How pods of the node are known, when its Node has these networks and there are these pods.
    fn known(cidrs: &[&str], pods: &[Pod]) -> String {
        let mut own = OwnPods::of("here".into());
        own.set_node(Some(&node(cidrs)));
        for (number, pod) in pods.iter().enumerate() {
            own.apply(ObjectName::new("default", format!("p{number}")), pod);
        }
        let families = [IpFamily::V4, IpFamily::V6];
        let networks = families.into_iter().flat_map(|family| own.networks(family));
        networks
            .map(|network| network.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn networks_count_as_long_as_all_pods_are_in_them() {
        let cidrs = ["10.42.1.0/24", "fd42:1::/64"];
        let inside = pod("here", &["10.42.1.9", "fd42:1::9"]);
        let outside = pod("here", &["192.168.7.1", "fd42:1::1"]);
        assert_eq!(known(&cidrs, &[]), "10.42.1.0/24 fd42:1::/64");
        assert_eq!(
            known(&cidrs, std::slice::from_ref(&inside)),
            "10.42.1.0/24 fd42:1::/64"
        );
        assert_eq!(
            known(&cidrs, &[inside.clone(), outside.clone()]),
            "10.42.1.9/32 192.168.7.1/32 fd42:1::/64"
        );
        assert_eq!(
            known(&[], &[inside, outside]),
            "10.42.1.9/32 192.168.7.1/32 fd42:1::1/128 fd42:1::9/128"
        );
    }

    #[test]
    fn only_pods_of_the_node_with_a_network_of_their_own_count() {
        let elsewhere = pod("there", &["192.168.7.1"]);
        let finished = Pod {
            phase: "Succeeded".into(),
            ..pod("here", &["192.168.7.2"])
        };
        let host = Pod {
            host_network: true,
            ..pod("here", &["192.0.2.1"])
        };
        assert_eq!(
            known(&["10.42.1.0/24"], &[elsewhere, finished, host]),
            "10.42.1.0/24"
        );
    }

    #[test]
    fn only_what_matters_is_a_change() {
        let mut own = OwnPods::of("here".into());
        let name = || ObjectName::new("default", "web");
        own.apply(name(), &pod("here", &[]));
        own.apply(name(), &pod("there", &["10.42.2.1"]));
        assert!(!own.take_changed());
        own.apply(name(), &pod("here", &["10.42.1.1"]));
        assert!(own.take_changed());
        own.apply(name(), &pod("here", &["10.42.1.1"]));
        assert!(!own.take_changed());
        own.remove(&name());
        assert!(own.take_changed());
    }
}
