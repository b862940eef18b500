//! The writes that a Node needs.

use std::collections::BTreeMap;

use kinglet_model::{Node, NodeAddress, Taint};

use crate::addresses::wanted;
use crate::keys::{INSTANCE_TYPE, INSTANCE_TYPE_LABELS, PROVIDER, REGION_LABELS, UNINITIALIZED, ZONE_LABELS};
use crate::ownership::is_ours;
use crate::problem::NodeProblem;

/// What a Node needs now. Nothing of it for a Node that is not ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodePlan {
    /// All its addresses, if they differ from those that it has.
    pub addresses: Option<Vec<NodeAddress>>,
    /// The write that initialises it. Due when its addresses are right.
    pub initialization: Option<Initialization>,
    /// What is wrong with its annotations.
    pub problems: Vec<NodeProblem>,
}

/// The one write that ends the wait of a new Node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initialization {
    /// The provider ID, unless it has one.
    pub provider_id: Option<String>,
    /// Labels that are missing or differ.
    pub labels: BTreeMap<&'static str, String>,
    /// All taints that stay.
    pub taints: Vec<Taint>,
}

/// Plans for a Node.
pub fn plan(node: &Node) -> NodePlan {
    if !is_ours(node) {
        return NodePlan::default();
    }
    let (addresses, problems) = wanted(node);
    let is_known = addresses.is_some();
    // In this order, too: kubelets and kube-proxies take the first of a type as the node's address.
    let addresses = addresses.filter(|wanted| *wanted != node.addresses);
    // Addresses first, in a write of their own: they are a part of the status, which has its own path.
    let is_due = is_known && addresses.is_none() && node.is_tainted(UNINITIALIZED);
    NodePlan {
        addresses,
        initialization: is_due.then(|| initialization(node)),
        problems,
    }
}

fn initialization(node: &Node) -> Initialization {
    let provider_id = format!("{PROVIDER}{}", node.metadata.name);
    let stays = |taint: &&Taint| &*taint.key != UNINITIALIZED;
    Initialization {
        // The API server refuses to change one that is there.
        provider_id: node.provider_id.is_empty().then_some(provider_id),
        labels: labels(node),
        taints: node.taints.iter().filter(stays).cloned().collect(),
    }
}

/// Instance type, zone and region under today's and yesterday's names, as far as they are not there already.
fn labels(node: &Node) -> BTreeMap<&'static str, String> {
    let label = |key: &str| node.metadata.label(key).filter(|value| !value.is_empty());
    let mut wanted = BTreeMap::new();
    let groups = [
        (INSTANCE_TYPE_LABELS, Some(INSTANCE_TYPE)),
        (ZONE_LABELS, None),
        (REGION_LABELS, None),
    ];
    for (keys, default) in groups {
        let [today, _] = keys;
        if let Some(value) = label(today).or(default) {
            // Some programs still read the deprecated names, volume plugins among them.
            let differing = keys.into_iter().filter(|key| label(key) != Some(value));
            wanted.extend(differing.map(|key| (key, value.to_owned())));
        }
    }
    wanted
}

#[cfg(test)]
mod tests;
