//! Nodes, with what is computed of each once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::Node;

use crate::host_ports::{HostPorts, is_serving};
use crate::names::{LABEL_ENABLE, LABEL_EXCLUDE, LABEL_POOL, LABEL_POOL_PREFIX};
use crate::port::Port;

/// All Nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sites {
    pub(crate) nodes: BTreeMap<Arc<str>, Arc<Node>>,
    /// What agents report.
    reports: HashMap<Arc<str>, HostPorts>,
    /// How many nodes have an address.
    addresses: HashMap<IpAddr, usize>,
    /// How many nodes have the label that lists nodes.
    listing: usize,
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
    /// Takes a new state of a Node.
    pub(crate) fn change(&mut self, name: &Arc<str>, now: Option<Arc<Node>>) -> Difference {
        let was_listing = self.listing > 0;
        let before = self.remove(name);
        if let Some(node) = now.clone() {
            self.insert(name, node);
        }
        let (before, now) = match (before, now) {
            (None, None) => return Difference::Nothing,
            (Some(before), Some(now)) => (before, now),
            _ => return Difference::Everywhere,
        };
        if before.0.addresses != now.addresses || was_listing != (self.listing > 0) {
            return Difference::Everywhere;
        }
        let report = self.report(name).cloned();
        if relevant(&before.0) != relevant(&now) || before.1.is_some() != report.is_some() {
            return Difference::Node;
        }
        let (before, report) = (before.1.unwrap_or_default(), report.unwrap_or_default());
        match before.difference(&report) {
            ports if ports.is_empty() => Difference::Nothing,
            ports => Difference::Ports(ports),
        }
    }

    fn remove(&mut self, name: &Arc<str>) -> Option<(Arc<Node>, Option<HostPorts>)> {
        let node = self.nodes.remove(name)?;
        self.listing -= usize::from(lists(&node));
        for address in addresses(&node) {
            if let Some(count) = self.addresses.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    self.addresses.remove(&address);
                }
            }
        }
        Some((node, self.reports.remove(name)))
    }

    fn insert(&mut self, name: &Arc<str>, node: Arc<Node>) {
        self.listing += usize::from(lists(&node));
        for address in addresses(&node) {
            *self.addresses.entry(address).or_default() += 1;
        }
        if let Some(report) = HostPorts::of(&node) {
            self.reports.insert(name.clone(), report);
        }
        self.nodes.insert(name.clone(), node);
    }

    /// What the agent of a node reports; `None` if there is no agent.
    pub(crate) fn report(&self, node: &str) -> Option<&HostPorts> {
        self.reports.get(node)
    }

    /// Whether a node has an address.
    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.contains_key(&address)
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

/// What matters of a Node besides addresses and ports: whether it may serve, and whether it does. Heartbeats
/// and other labels make no difference.
fn relevant(node: &Node) -> impl PartialEq + '_ {
    let matters = |key: &str| {
        matches!(key, LABEL_ENABLE | LABEL_EXCLUDE | LABEL_POOL) || key.starts_with(LABEL_POOL_PREFIX)
    };
    let labels = node.metadata.labels.iter();
    let labels: Vec<_> = labels.filter(|(key, _)| matters(key)).collect();
    (
        labels,
        node.metadata.deletion_timestamp.is_some(),
        is_serving(node),
        &node.taints,
        node.is_ready(),
    )
}
