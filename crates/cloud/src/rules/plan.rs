//! The writes that a Node needs.

use std::collections::BTreeMap;

use kinglet_model::{Node, NodeAddress, Taint};

use super::addresses::wanted;
use super::ownership::is_ours;
use super::problem::Problem;
use crate::keys::{INSTANCE_TYPE, INSTANCE_TYPE_LABELS, PROVIDER, REGION_LABELS, UNINITIALIZED, ZONE_LABELS};

/// What a Node needs now. Nothing of it for a Node that is not ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// All its addresses, if they differ from those that it has.
    pub(crate) addresses: Option<Vec<NodeAddress>>,
    /// What makes it a member of the cluster. Due when its addresses are right.
    pub(crate) initialization: Option<Initialization>,
    /// What is wrong with what its agent says.
    pub(crate) problems: Vec<Problem>,
}

/// The one write that ends the wait of a new Node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Initialization {
    /// The provider ID, unless it has one.
    pub(crate) provider_id: Option<String>,
    /// Labels that are missing or differ.
    pub(crate) labels: BTreeMap<&'static str, String>,
    /// All taints that stay.
    pub(crate) taints: Vec<Taint>,
}

/// Plans for a Node.
pub(crate) fn plan(node: &Node) -> Plan {
    if !is_ours(node) {
        return Plan::default();
    }
    let (addresses, problems) = wanted(node);
    let is_known = addresses.is_some();
    let addresses = addresses.filter(|wanted| *wanted != node.addresses);
    let is_due = is_known && addresses.is_none() && node.is_tainted(UNINITIALIZED);
    Plan {
        addresses,
        initialization: is_due.then(|| initialization(node)),
        problems,
    }
}

fn initialization(node: &Node) -> Initialization {
    let provider_id = format!("{PROVIDER}{}", node.metadata.name);
    let stays = |taint: &&Taint| &*taint.key != UNINITIALIZED;
    Initialization {
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
            let differing = keys.into_iter().filter(|key| label(key) != Some(value));
            wanted.extend(differing.map(|key| (key, value.to_owned())));
        }
    }
    wanted
}

#[cfg(test)]
mod tests;
