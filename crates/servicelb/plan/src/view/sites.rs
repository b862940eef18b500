//! Nodes, with what is computed of each once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::Node;

use crate::host_ports::HostPorts;
use crate::kernel::KernelReport;
use crate::names::{LABEL_ENABLE, LABEL_EXCLUDE, LABEL_POOL, LABEL_POOL_PREFIX};
use crate::port::Port;

/// All Nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sites {
    pub(crate) nodes: BTreeMap<Arc<str>, Arc<Node>>,
    /// What agents report of the ports of processes.
    reports: HashMap<Arc<str>, HostPorts>,
    /// What agents report of their kernels.
    kernels: HashMap<Arc<str>, KernelReport>,
    /// The nodes that have an address. Several may: translated in front of them, for instance.
    addresses: HashMap<IpAddr, HashSet<Arc<str>>>,
    /// How many nodes have the label that lists nodes.
    listing: usize,
}

/// A Node with what was computed of it.
struct Site {
    node: Arc<Node>,
    report: Option<HostPorts>,
    kernel: Option<KernelReport>,
}

/// What a change of a Node makes different.
pub(crate) enum Difference {
    Nothing,
    /// Something that Services of all nodes depend on.
    Everywhere,
    /// The ports of these processes, and nothing else.
    Ports(BTreeSet<Port>),
    /// Whether it may serve.
    Node,
}

impl Sites {
    /// Takes a new state of a Node: what is different, and whether its agent reports something else of the
    /// kernel.
    pub(crate) fn change(&mut self, name: &Arc<str>, now: Option<Arc<Node>>) -> (Difference, bool) {
        let was_listing = self.listing > 0;
        let before = self.remove(name);
        if let Some(node) = now.clone() {
            self.insert(name, node);
        }
        let (before, now) = match (before, now) {
            (None, None) => return (Difference::Nothing, false),
            (Some(before), Some(now)) => (before, now),
            // Another node may have an address that a Service asks for, or be the first of a list.
            _ => return (Difference::Everywhere, true),
        };
        let reports_anew = before.kernel.as_ref() != self.kernel(name);
        let is_everywhere = before.node.addresses != now.addresses || was_listing != (self.listing > 0);
        let difference = if is_everywhere {
            Difference::Everywhere
        } else {
            self.difference(name, &before, &now)
        };
        (difference, reports_anew)
    }

    fn difference(&self, name: &str, before: &Site, now: &Node) -> Difference {
        let report = self.report(name);
        if relevant(&before.node) != relevant(now) || before.report.is_some() != report.is_some() {
            return Difference::Node;
        }
        let nothing = HostPorts::default();
        let (before, report) = (before.report.as_ref(), report.unwrap_or(&nothing));
        match before.unwrap_or(&nothing).difference(report) {
            ports if ports.is_empty() => Difference::Nothing,
            ports => Difference::Ports(ports),
        }
    }

    fn remove(&mut self, name: &Arc<str>) -> Option<Site> {
        let node = self.nodes.remove(name)?;
        self.listing -= usize::from(lists(&node));
        for address in addresses(&node) {
            if let Some(nodes) = self.addresses.get_mut(&address) {
                nodes.remove(name);
                if nodes.is_empty() {
                    self.addresses.remove(&address);
                }
            }
        }
        Some(Site {
            node,
            report: self.reports.remove(name),
            kernel: self.kernels.remove(name),
        })
    }

    fn insert(&mut self, name: &Arc<str>, node: Arc<Node>) {
        self.listing += usize::from(lists(&node));
        for address in addresses(&node) {
            self.addresses.entry(address).or_default().insert(name.clone());
        }
        if let Some(report) = HostPorts::of(&node) {
            self.reports.insert(name.clone(), report);
        }
        if let Some(kernel) = KernelReport::of(&node) {
            self.kernels.insert(name.clone(), kernel);
        }
        self.nodes.insert(name.clone(), node);
    }

    /// What the agent of a node reports of its kernel; `None` if it does not.
    pub(crate) fn kernel(&self, node: &str) -> Option<&KernelReport> {
        self.kernels.get(node)
    }

    /// What the agent of a node reports; `None` if there is no agent.
    pub(crate) fn report(&self, node: &str) -> Option<&HostPorts> {
        self.reports.get(node)
    }

    /// Whether a node has an address.
    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.contains_key(&address)
    }

    /// Whether a node has an address.
    pub(crate) fn is_of(&self, address: IpAddr, node: &str) -> bool {
        self.addresses
            .get(&address)
            .is_some_and(|nodes| nodes.contains(node))
    }

    /// Whether any node has the label that lists nodes. With any value: that is what K3s does.
    pub(crate) fn is_listing(&self) -> bool {
        self.listing > 0
    }
}

fn lists(node: &Node) -> bool {
    node.metadata.deletion_timestamp.is_none() && node.metadata.label(LABEL_ENABLE).is_some()
}

/// The addresses of a node; its names are none.
pub(crate) fn addresses(node: &Node) -> impl Iterator<Item = IpAddr> {
    let addresses = node.addresses.iter();
    addresses.filter_map(|one| one.address.parse().ok())
}

/// What matters of a Node besides addresses and reports: whether it may serve. Heartbeats and other labels
/// make no difference.
fn relevant(node: &Node) -> impl PartialEq + '_ {
    let matters = |key: &str| {
        matches!(key, LABEL_ENABLE | LABEL_EXCLUDE | LABEL_POOL) || key.starts_with(LABEL_POOL_PREFIX)
    };
    let labels = node.metadata.labels.iter();
    let labels: Vec<_> = labels.filter(|(key, _)| matters(key)).collect();
    (
        labels,
        node.metadata.deletion_timestamp.is_some(),
        &node.taints,
        node.is_ready(),
    )
}
